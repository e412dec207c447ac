/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_NS_H
#define BERTH_BOX_NS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "spec/spec.h"

/* Namespaces: those that the child is born in, those that it joins, and what a new one needs first.
 */

/* Refuse what cannot be, before anything is started. */
int ns_check(const struct spec *spec);
/*
 * clone3(2): all of the new namespaces at once, in the cgroup behind cgroup_fd (-1: the caller's).
 * Returns as fork(2); *ret_pidfd belongs to the parent. A new cgroup namespace takes the cgroup
 * that the child is in as its root: where the child is only moved there afterwards, it is left out
 * here (ns_enter_cgroup()).
 */
pid_t ns_clone(const struct spec *spec, int cgroup_fd, bool late_cgroup_ns, int *ret_pidfd);
/* In the child, with late_cgroup_ns: after it has been moved. */
int ns_enter_cgroup(const struct spec *spec);
/* In the child: join those that have a path. */
int ns_join(const struct spec *spec);
/* Those in which another process is elsewhere than we are, as flags for setns(2). Its pidfd tells
 * that the number is still its own: -ESRCH where it has ended. */
int ns_differing(pid_t pid, int pidfd, int *ret_flags);
/* Join these of a process, all at once. */
int ns_join_process(int pidfd, int flags);
/* In the child: host name, domain name, and lo up. */
int ns_setup(const struct spec *spec);
/* In the child of a new user namespace, after its maps are written: be root there. */
int ns_become_root(const struct spec *spec);

/* Does the parent prepare the mounts, because the child's root has no rights to the caller's files?
 * So it is where root asks for a user namespace. */
bool ns_is_foreign(const struct spec *spec);

#endif
