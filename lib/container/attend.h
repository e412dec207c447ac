/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_ATTEND_H
#define BERTH_CONTAINER_ATTEND_H

#include "box/box.h"
#include "container/request.h"
#include "container/signals.h"
#include "container/stdio.h"

/*
 * In the foreground of a process that runs in a container: its terminal is carried, signals are
 * passed on, its end is waited for.
 *
 *	attend_begin()	after box_go(): signals are the payload's from now on
 *	attend_run()	until it has ended and what it wrote is where it belongs
 */
struct attend {
	struct box *box; /* borrowed */
	int other;       /* the pidfd of a process whose end ends this one as well; -1: none */
	bool terminal, proxy;
	struct signals signals;
	struct relay relay;
};

#define ATTEND_INIT \
	{ \
		.other = -1, .signals = SIGNALS_INIT, .relay = RELAY_INIT \
	}

int attend_begin(struct attend *attend, const struct request *request, struct box *box);
/* Returns the exit status that the end means: its own, or 128 + N; -EIO where its output is lost.
 */
int attend_run(struct attend *attend);
/* Give the terminal back. */
void attend_release(struct attend *attend);

#endif
