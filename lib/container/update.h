/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_UPDATE_H
#define BERTH_CONTAINER_UPDATE_H

#include "base/host.h"
#include "container/request.h"

/*
 * Change a container that is there: its limits, at once where it runs; its restart policy and how
 * it is checked, of which its supervisor is told; and its environment, which its next start has,
 * and each exec from then on. All of it or nothing: everything is checked before the first file is
 * written, the files are put back where the kernel refuses a limit, and that takes all or none.
 */

/* Refuse a request that asks for nothing, or for what cannot be whatever the container is. */
int update_check(const struct request *request);
int update_container(const struct host *host, const struct request *request, const char *name);

#endif
