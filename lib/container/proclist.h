/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_PROCLIST_H
#define BERTH_CONTAINER_PROCLIST_H

#include <stdint.h>

#include "base/idmap.h"
#include "container/target.h"

/*
 * The processes of a container, as the host's /proc shows them: those of its cgroup; where it has
 * none, those of its process namespace and what descends from its first process. Nothing of the
 * container is executed or opened for that. A process that ends while it is read is left out.
 */
struct proclist_entry {
	pid_t pid, parent, group, session; /* the host's numbers */
	pid_t inner_pid;                   /* in its innermost process namespace */
	uint32_t uid, gid;                 /* effective, the host's */
	char state;
	unsigned int terminal; /* device number, 0: none */
	long nice, threads;
	uint64_t user_ticks, system_ticks;             /* of its own */
	uint64_t child_user_ticks, child_system_ticks; /* of its children that were waited for */
	uint64_t start;                                /* clock ticks since boot */
	uint64_t virtual_bytes, resident_pages;
	uint64_t own_bytes; /* resident, and no file's */
	char *name;         /* at most 15 bytes, as the process has it: may hold anything */
	char *command;      /* its arguments, separated by blanks; "[NAME]" where it has none */
};

struct proclist {
	struct proclist_entry *v;
	size_t n;
	struct idmaps maps; /* of the container's user namespace */
};

int proclist_read(const struct target *target, struct proclist *ret_list);
/* The pids alone; to be freed. */
int proclist_pids(const struct target *target, pid_t **ret_pids, size_t *ret_n);
void proclist_release(struct proclist *list);

#endif
