/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_LISTENER_H
#define BERTH_BOX_LISTENER_H

#include <sys/types.h>

#include "box/pass.h"
#include "spec/spec.h"

/*
 * Filters with SCMP_ACT_NOTIFY stop calls until somebody has read of them from the filter's
 * listener and answered: an agent, whose socket linux.seccomp.listenerPath names (runtime-spec,
 * config-linux.md "The Container Process State").
 *
 * The listener is born with the filter, in the child, who has no path to the agent, and nothing to
 * do with it: he gives it to who has let him go, over the socket of box/sync.h, and that process
 * hands it to the agent. The payload gets neither the listener nor a socket of the agent.
 *
 *	outside					child
 *	-------					-----
 *	GO ----------------------------------->	filter
 *	listener_pass() <----------------------	LISTENER, with the listener
 *	the agent's socket: state, listener
 *	AGENT -------------------------------->	capabilities, exec
 *
 * The profile may stop every call that a socket can be used with, and then nobody could ever
 * answer: the child's go past it (pass.h).
 */
struct listener {
	const struct spec *spec; /* borrowed; NULL: the filter has no listener */
	pid_t pid;               /* the container's first process, as seen from outside */
	const char *status;      /* of the container: "created", "running" */
};

/* In the child, in the place of seccomp_install(): returns when the agent has the listener. */
int listener_install(const struct spec *spec, int sync, struct pass *ret_pass);

/* Outside, after GO, where it is not known whether the filter has one: 1, it is what the child
 * speaks of next, 0: it is not. Waits for him to speak, or to exec. */
int listener_is_offered(int sync);
/* Take it, give it to the agent, and let the child go on. */
int listener_pass(const struct listener *listener, int sync);

#endif
