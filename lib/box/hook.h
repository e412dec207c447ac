/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_HOOK_H
#define BERTH_BOX_HOOK_H

#include "base/buf.h"
#include "spec/spec.h"

/*
 * Run the hooks of a kind, one after the other (runtime-spec, runtime.md "Lifecycle"). Each gets
 * the state of the container as its standard input; what it writes is kept for the message. One
 * that fails, or takes longer than its timeout and is killed for it, ends the list with an error
 * that names it; only those of poststop are all run. A hook without `env` has the environment of
 * the caller.
 *
 * What a hook leaves running is not waited for.
 */

/* With the rights, and in the namespaces, of the calling process; the path is the caller's. */
int hook_run(const struct spec_hooks *hooks, enum hook_kind kind, const struct buf *state);

/*
 * In the child, after the pivot: the files are the container's and could be anything, so that they
 * are executed as the payload is, by the stub, with no more than its bounding set and never as a
 * process from which berth's own file could be reached (exec.h).
 */
int hook_run_inside(const struct spec *spec, enum hook_kind kind, const struct buf *state,
		    int stub);

/* The state on its way from the parent, who alone knows it, to the child: a descriptor that both
 * have. */
int hook_channel(void);
int hook_tell(int channel, const struct buf *state);
int hook_hear(int channel, struct buf *ret_state);

#endif
