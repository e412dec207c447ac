/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_SUPERVISOR_H
#define BERTH_CONTAINER_SUPERVISOR_H

#include "box/box.h"
#include "container/capture.h"
#include "container/healthwatch.h"
#include "container/make.h"
#include "container/notice.h"
#include "container/signals.h"
#include "container/stdio.h"

/*
 * Who starts a container and waits for its end: the command itself in the foreground (start.h), the
 * monitor in the background (monitor.h). It is the parent of the payload and holds the lock of its
 * record for as long as it lives.
 *
 *	supervisor_begin()	everything up to the payload's first instruction: box_spawn,
 *				network_start, box_created, network_ready, box_go
 *	supervisor_give_up()	what is to be done where that failed
 *	supervisor_run()	wait, forward signals and output, collect its status
 *	supervisor_conclude()	clean up; the record says how it ended
 */
struct supervisor {
	const struct host *host;       /* borrowed, like the next two */
	const struct request *request; /* how it is attached, and who is told */
	struct container *container;
	struct box box;
	struct signals signals;
	struct relay relay;     /* in the foreground */
	struct capture capture; /* in the background */
	uint64_t deadline;      /* CLOCK_MONOTONIC, microseconds; 0: none */
	struct healthwatch health;
	uint64_t kill_at; /* the same, for one that was asked to end */
	bool again;       /* it is to be started again, whatever the policy says */
	bool cidfile, pidfile;
	bool host_pids;       /* its end does not end its children */
	bool open;            /* others may join it (terms.h) */
	int64_t memory_limit; /* LIMIT_NONE: none of its own */
	struct notice_exit exited;
	int lost;          /* why some of its output did not arrive; 0: it did */
	struct buf events; /* noted, and to be written */
};

#define SUPERVISOR_INIT \
	{ \
		.box = BOX_INIT, .signals = SIGNALS_INIT, .relay = RELAY_INIT, \
		.capture = CAPTURE_INIT, .health = HEALTHWATCH_INIT, .memory_limit = LIMIT_NONE, \
		.events = BUF_INIT \
	}

int supervisor_begin(struct supervisor *supervisor);
/* Returns the exit status that rc, an error of supervisor_begin(), means: 126, 127, or rc itself.
 * The container stays where only its command was wrong and it is not to go by itself. */
int supervisor_give_up(struct supervisor *supervisor, int rc);
/* Until the payload is gone and its output is where it belongs: exited is filled in. */
int supervisor_run(struct supervisor *supervisor);
/* The status of `berth run`; the error slot holds what the user ought to know besides. */
int supervisor_conclude(struct supervisor *supervisor);
/* The last part of that, for one that ends between two runs. */
int supervisor_settle(struct supervisor *supervisor);
/* Instead, where it is to be started again: it is between two runs then. */
int supervisor_pause(struct supervisor *supervisor);
/* Let others join it, where that was not done yet. It comes by itself for a payload that lives for
 * longer than a moment, so this is for who lets the spec go before. */
void supervisor_open(struct supervisor *supervisor);
void supervisor_release(struct supervisor *supervisor);

#endif
