/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_CONFINEMENT_H
#define BERTH_CONTAINER_CONFINEMENT_H

#include "base/json.h"
#include "container/target.h"

/*
 * What confines the first process of a running container, read back from the kernel (/proc/PID) and
 * not from what was asked for: its ids and their maps, capabilities, no_new_privs, seccomp,
 * namespaces (and which of them are the caller's own), cgroups, and the label of the security
 * module.
 */
int confinement_read(const struct target *target, cJSON **ret_json);

#endif
