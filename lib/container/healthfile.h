/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_HEALTHFILE_H
#define BERTH_CONTAINER_HEALTHFILE_H

#include <time.h>

#include "base/buf.h"
#include "container/health.h"
#include "container/record.h"

/*
 * The state of a container's health: health.json in its directory, which is small, and health.log
 * beside it, the last checks; both are replaced whole. The supervisor begins them with each run of
 * the container; who has run a check notes how it ended. They belong to one run: to another one of
 * the same container they say nothing.
 */
struct health_result {
	uint64_t began;             /* CLOCK_MONOTONIC, microseconds */
	struct timespec start, end; /* CLOCK_REALTIME, for people */
	int exit_code;              /* -1: it was killed at its timeout, or not even started */
	struct buf output;          /* what is kept of it: any bytes */
};

/* CLOCK_MONOTONIC, microseconds. */
uint64_t healthfile_now(void);

int healthfile_begin(const struct record *record, const struct health_config *config);
/* It is not checked any more. */
void healthfile_drop(const struct record *record);
/* 1, or 0 where there is none. *ret_log (may be NULL) is an array as docker has it, to be freed.
 */
int healthfile_load(const struct record *record, struct health_state *ret_state, cJSON **ret_log);
/* The status alone; HEALTH_NONE also for what cannot be read. */
enum health_status healthfile_status(const struct record *record);
/* Judge a check that has ended, and remember it. */
int healthfile_note(const struct record *record, const struct health_config *config,
		    const struct health_result *result, enum health_verdict *ret_verdict);

#endif
