/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_CGSELF_H
#define BERTH_BOX_CGSELF_H

#include <stdbool.h>
#include <sys/types.h>

/* What cgroups this host has, and where a process is in them. */
enum cgroup_version {
	CGROUP_V0, /* none are mounted */
	CGROUP_V1, /* v1, or hybrid: the controllers are v1's */
	CGROUP_V2,
};

enum cgroup_version cgself_version(void);
/* Is there a v2 hierarchy beside those of v1? */
bool cgself_hybrid(void);
/*
 * The cgroup of a process (0: ourselves) below the root of a hierarchy: controller NULL for v2, a
 * name ("pids", "name=systemd") for v1. To be freed; -ENOENT where there is no such hierarchy.
 */
int cgself_path(pid_t pid, const char *controller, char **ret_path);
/* Our own one in v2, "" for the root. Where an earlier run has moved us to the leaf beside its
 * containers, it is what is above. To be freed. */
#define CGROUP_LEAF "supervisor" /* in podman's words */
int cgself_own(char **ret_own);
/* Has systemd given this cgroup (an open directory) to whom it runs there (Delegate=)? */
bool cgself_is_delegated(int dirfd);
/* "user-1000.slice" -> "/user.slice/user-1000.slice", systemd.slice(5); "-.slice" -> "/". Refused
 * where it is not the name of a slice. */
int cgself_slice_path(const char *slice, char **ret_path);

#endif
