/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_RESOURCES_H
#define BERTH_CONTAINER_RESOURCES_H

#include "base/host.h"
#include "container/request.h"

/* The options of cgroups: --memory ... --cgroup-conf, --pids-limit; 2048 processes by default. */
int resources_make(const struct request *request, struct spec_cgroup *cgroup);
/* Is one of those given that a container's limits can be changed by? */
bool resources_are_given(const struct request *request);
/*
 * Change the limits of a container: what is not given stays. A memory limit alone takes that of
 * memory and swap with it, where nobody gave that one before. Refused, with nothing changed, where
 * they do not go together.
 */
int resources_update(const struct request *request, struct spec_cgroup *cgroup);

#endif
