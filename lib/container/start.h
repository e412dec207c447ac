/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_START_H
#define BERTH_CONTAINER_START_H

#include "container/make.h"

/*
 * Run a made container in the foreground: box_spawn, network_start, box_created, network_ready,
 * box_go; then wait on its pidfd, forward signals (and the terminal with -t), and clean up. Returns
 * the exit status of `berth run`: the payload's, 128 + N, 126, 127, or a negative errno (125).
 *
 * With a status of 0 or more the error slot may hold what the user ought to know besides: why the
 * command could not be executed, or that the kernel or --timeout killed it.
 */
int start_foreground(const struct host *host, const struct request *request,
		     struct container *container);

#endif
