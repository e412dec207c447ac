/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_WAITER_H
#define BERTH_CONTAINER_WAITER_H

#include "container/record.h"

/*
 * Waiting for a container from another process, and its exit status, which only its supervisor
 * learns. With --rm the record goes at the same moment, so the status is handed over by a
 * descriptor: who waits makes the file `exit` in the container's directory, holds it open, and then
 * reads the state; the supervisor writes the state, and then to that file, where there is one. Each
 * does its own before it looks at the other's, so one of the two always sees the status.
 */
enum waiter_condition {
	WAITER_STOPPED, /* it does not run */
	WAITER_RUNNING,
	WAITER_REMOVED,
	WAITER_HEALTHY, /* it runs, and its health checks say so */
	WAITER_UNHEALTHY,
};

struct waiter {
	struct record record;
	int exit_fd, state_fd; /* -1: it does not exist any more */
};

/* Begin: from here on its end is not missed. The record is taken over. */
void waiter_begin(struct record *record, struct waiter *ret_waiter);
/* *ret_code is its exit status: 137 where its supervisor was killed, -1 where it has not ended.
 * -ENOENT: it was removed before it ran. -ESRCH: it ended before it was healthy. */
int waiter_wait(struct waiter *waiter, enum waiter_condition condition, int *ret_code);
void waiter_release(struct waiter *waiter);

/* The supervisor's part, after the record says how it ended. goes: it is about to be removed, and
 * its state was not written. */
void waiter_tell(const struct record *record, bool goes);

#endif
