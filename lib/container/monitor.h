/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_MONITOR_H
#define BERTH_CONTAINER_MONITOR_H

#include "container/make.h"

/*
 * A made container in the background: this process forks, and its child, the monitor, becomes the
 * supervisor of the container (supervisor.h): it starts the payload, writes the log, and records
 * the end. It is a session of its own, holds nothing of the caller's but its cgroup and its working
 * directory's file system root, and gives back the memory that starting took.
 *
 * Returns when the payload was executed: 0, the exit status 126 or 127 where it could not be, or a
 * negative errno. The container is the monitor's then: the caller's struct may only be released.
 */
int monitor_start(const struct host *host, const struct request *request,
		  struct container *container);

#endif
