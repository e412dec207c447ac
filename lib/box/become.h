/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_BECOME_H
#define BERTH_BOX_BECOME_H

#include "base/err.h"
#include "box/exec.h"
#include "box/user.h"
#include "spec/spec.h"

/*
 * What the child of a new container and one that joins a container have in common: they begin with
 * nothing of the caller's that matters to a payload, and end by giving up every right that the
 * payload is not to have, in the one order of box.c. Neither returns to its caller's code.
 */
struct become {
	const struct spec *spec;
	const struct user *user;
	const struct strvec *env; /* complete */
	struct spec_caps caps;    /* those of the process; the filter follows spec's */
	enum exec_birth birth;
	int stub, sync;
	int proc;             /* a procfs for a label, or -1 */
	bool stays;           /* it outlives its parent */
	enum err_stage stage; /* whose an error is */
};

/* A signal that is ignored stays so across an exec. */
void become_reset_signals(void);
/* Die with the parent; -ECONNRESET where it has died already. */
int become_tied(int sync);
/* Die with it no more. */
int become_free(void);
/* Not dumpable: /proc/PID of this process is closed to everybody without CAP_SYS_PTRACE outside. */
int become_hidden(void);
/* Bounding set, ids, working directory, filter, capabilities, exec. Returns only with an error. */
int become_payload(struct become *become);

#endif
