/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_PASS_H
#define BERTH_BOX_PASS_H

#include <stdbool.h>
#include <stdint.h>

#include "spec/spec.h"

/*
 * The way past a profile's filter for what the child still has to do under it: to hand a listener
 * over (sendmsg(2), recvmsg(2)), which the listener itself may be meant to stop, and to execute the
 * stub (execveat(2)), which profiles that name what a program needs, and no more, have never heard
 * of. The filter knows these calls by random bits in the arguments that the kernel does not look
 * at; whoever does not have the bits has what the profile says. They are gone with the exec.
 *
 * It is there only where the profile needs it (spec_seccomp.passes).
 */
#define PASS_ARGS 3 /* of sendmsg(2) and recvmsg(2); execveat(2) has the last one alone */

struct pass {
	uint64_t bits[PASS_ARGS]; /* for the last arguments; zero: there is no such way */
};

/* Does the filter stop a call that the child has to make? For spec_seccomp.passes. */
bool pass_is_needed(const struct spec_seccomp *seccomp);
/* Install the filter, with it where it is needed; what seccomp_set_flags() returns. */
int pass_install(const struct spec_seccomp *seccomp, uint32_t flags, struct pass *ret_pass);

#endif
