/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_END_H
#define BERTH_CONTAINER_END_H

#include "container/record.h"

/* The end of a container, by others than its supervisor. */

/* A mark in its directory, made before it is signalled: its monitor does not start it again. Who
 * starts it removes the mark. */
void end_forbid_restart(const struct record *record);
void end_permit_restart(const struct record *record);
bool end_forbids_restart(const struct record *record);
/* Kill a running one and wait until its supervisor has let go of it. 0 with its lock held by us;
 * -ENOENT where it is removed already. */
int end_kill(struct record *record);
/* Ask it to end with its stop signal, and kill it after `seconds`. Returns as end_kill(). */
int end_stop(struct record *record, int64_t seconds);
/* Only until its process is gone: its supervisor may be about to start it again. */
int end_stop_process(struct record *record, int64_t seconds);
/*
 * The same for several at once: ask each, wait for each until one point in time (CLOCK_MONOTONIC,
 * microseconds; 0: for ever), and kill those that are left. A paused one goes on, so that it hears
 * of it. Nothing happens to one that does not run.
 */
int end_ask(struct record *record, int signal);
/* 0 once its supervisor has let go of it (its lock is not kept), or -EWOULDBLOCK. */
int end_await(struct record *record, uint64_t deadline);
uint64_t end_now(void);
/* Wait a short time for the lock of one that does not run. As end_kill(), or -EWOULDBLOCK. */
int end_wait(struct record *record);
/* What its state says now: one that is locked and does not run is being started, or worked on. */
bool end_is_running(struct record *record);
/* End and remove what a killed supervisor left of one whose lock we hold, but for its files. -EBUSY
 * where processes of it do not end; the record then still names its cgroup. */
int end_leftovers(struct record *record);
/* Remove everything there is of a container whose lock we hold; the lock goes as well. -EBUSY, with
 * nothing removed, as end_leftovers(). */
int end_discard(const struct host *host, struct record *record);

#endif
