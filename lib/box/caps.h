/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_CAPS_H
#define BERTH_BOX_CAPS_H

#include <stdint.h>
#include <sys/types.h>

#include "spec/spec.h"

/*
 * Capabilities of the child, capabilities(7). They go in one fixed order (seccomp.h tells where the
 * filter belongs in it):
 *
 *	caps_drop_bounding(caps)	while CAP_SETPCAP is there
 *	caps_keep()			the change of uid mustn't take the permitted set away
 *	setgroups, setresgid, setresuid
 *	caps_raise()			the permitted set becomes effective again
 *	chdir, ...			as the final user, still with capabilities
 *	caps_apply(caps, uid)		nothing that needs a capability comes after it
 *
 * All of them act on the calling thread and read the kernel's state back where a silent failure
 * would leave too much. Bits that this kernel does not know, or that the caller does not have
 * itself, are left out: less is granted than was asked for, never more. Where a person asked for
 * one capability by name, caps_check() says so beforehand.
 */

/* Take what caps->bounding lacks out of the bounding set. Needs CAP_SETPCAP. */
int caps_drop_bounding(const struct spec_caps *caps);
/* PR_SET_KEEPCAPS; the kernel clears it at execve. */
int caps_keep(void);
/* Make every permitted capability effective, as after a change from uid 0 it is not. */
int caps_raise(void);
/*
 * The final sets. Inheritable is what was asked for (normally nothing) and the ambient ones, which
 * the kernel wants there; with uid other than 0 permitted and effective are cut to the ambient
 * ones, because that is what an execve leaves of them.
 */
int caps_apply(const struct spec_caps *caps, uid_t uid);

/* The capabilities that the caller could grant: its bounding set. */
uint64_t caps_available(void);
/* Refuse capabilities in `asked` that caps_available() lacks, naming the first one. Not for a new
 * user namespace: its first process has all of them. */
int caps_check(uint64_t asked);

#endif
