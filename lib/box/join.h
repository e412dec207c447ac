/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_JOIN_H
#define BERTH_BOX_JOIN_H

#include <stdbool.h>
#include <sys/types.h>

#include "box/box.h"

/*
 * Another process in a container that runs: box_join() takes the place of box_spawn(), and then
 * box_created(), box_go(), box_wait() and box_release() are as for a new one. The spec is that of
 * the container, with the process to run in the place of its own; of its namespaces, mounts and
 * cgroup nothing is made, and they stay as they are.
 *
 * What the container can see of it is born as the stub (exec.h), in the container's cgroup and with
 * no other rights than it keeps: there is no moment at which a process of the container finds
 * berth's file, its memory, its descriptors, or its rights (join.c).
 *
 * The payload dies with SIGKILL when the caller does, unless it is detached, and with the container
 * at the latest. Detached, it has no standard streams but for a terminal; it belongs to the caller
 * until that ends, and is then reaped by who adopts orphans on this host: no process of berth's
 * stays for it.
 */
struct join {
	pid_t pid;             /* the container's first process */
	int pidfd;             /* the same */
	struct cgroup *cgroup; /* of the container, by cgroup_find(); borrowed */
	bool detached;
};

int box_join(const struct spec *spec, const struct join *join, struct box *ret_box);
/* Of box_go(): take over from the process that has joined the one that it has started. */
int join_go(struct box *box);

#endif
