/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_SIGNALS_H
#define BERTH_CONTAINER_SIGNALS_H

#include <stdbool.h>
#include <sys/signalfd.h>

/*
 * Signals to the supervisor are the payload's. They are taken from a descriptor, so that none is
 * lost and none interrupts anything; the child resets its mask before it executes the payload.
 */
struct signals {
	int fd;
	int interrupts; /* ^C typed so far */
};

#define SIGNALS_INIT \
	{ \
		.fd = -1 \
	}

enum signals_action {
	SIGNALS_IGNORE,
	SIGNALS_FORWARD,
	SIGNALS_RESIZE,   /* the terminal has another size */
	SIGNALS_CONTINUE, /* we were stopped, or moved to the foreground */
	SIGNALS_UPKEEP,   /* by upkeep_tell() */
	SIGNALS_KILL,     /* the user insists: a third ^C, or any with --sig-proxy=false */
};

/* Block all that can be handled and open the descriptor. */
int signals_block(struct signals *signals);
/* Take the next one: 1, or 0 where there is none. */
int signals_next(struct signals *signals, struct signalfd_siginfo *ret_info);
/* What is to be done with it. */
enum signals_action signals_judge(struct signals *signals, const struct signalfd_siginfo *info,
				  bool proxy, bool terminal);
void signals_release(struct signals *signals);

#endif
