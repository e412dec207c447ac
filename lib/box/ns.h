/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_NS_H
#define BERTH_BOX_NS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "box/cgroup.h"
#include "spec/spec.h"

/* Namespaces: those that the child is born in, those that it joins, and what a new one needs first.
 */

/* Refuse what cannot be, before anything is started. */
int ns_check(const struct spec *spec);
/* How the child is born, and what it finds done then. */
struct ns_birth {
	const struct cgroup *cgroup;
	bool late_cgroup_ns; /* the cgroup namespace comes after it has been moved */
	int pidfd;           /* the parent's */
	/* For the child, by an usher (usher.h): */
	bool in_cgroup;      /* it need not enter its cgroup */
	bool clocks;         /* its time namespace is made */
	unsigned int joined; /* bits of kinds that have a path and are joined */
};

/*
 * clone3(2): all of the new namespaces at once, in the cgroup (where that has a descriptor).
 * Returns as fork(2). A new cgroup namespace takes the cgroup that the child is in as its root:
 * where the child is only moved there afterwards, it is left out here (ns_enter_cgroup()).
 */
pid_t ns_clone(const struct spec *spec, struct ns_birth *birth);
/* Its flags, and its error, for who calls it himself. */
uint64_t ns_clone_flags(const struct spec *spec, const struct ns_birth *birth);
int ns_clone_failed(const struct spec *spec);
/* In the child, with late_cgroup_ns: after it has been moved. */
int ns_enter_cgroup(const struct spec *spec);
/* In the child: join those that have a path and are not joined yet. */
int ns_join(const struct spec *spec, unsigned int joined);
/* Those in which another process is elsewhere than we are, as flags for setns(2). Its pidfd tells
 * that the number is still its own: -ESRCH where it has ended. */
int ns_differing(pid_t pid, int pidfd, int *ret_flags);
/* Join these of a process, all at once. */
int ns_join_process(int pidfd, int flags);
/* In the child: host name, domain name, and lo up. */
int ns_setup(const struct spec *spec);
/* In the child of a new user namespace, after its maps are written, or in one that was joined: be
 * root there, if it has one. */
int ns_become_root(const struct spec *spec);

/* In the parent: are maps that are given for a user namespace with a path those that it has? pid is
 * in it. */
int ns_check_maps(const struct spec *spec, pid_t pid);

/* Does the parent prepare the mounts, because the child's root has no rights to the caller's files?
 * So it is where root asks for a user namespace. */
bool ns_is_foreign(const struct spec *spec);

#endif
