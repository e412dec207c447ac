/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_RESOURCES_H
#define BERTH_CONTAINER_RESOURCES_H

#include "base/host.h"
#include "container/request.h"

/* The options of cgroups: --memory ... --cgroup-conf, --pids-limit; 2048 processes by default. */
int resources_make(const struct request *request, struct spec_cgroup *cgroup);

#endif
