/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_RESTARTPOLICY_H
#define BERTH_CONTAINER_RESTARTPOLICY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * --restart: whether a container in the background is started again when it ends, by its monitor.
 * Between two starts it waits, 100 ms at first and twice as long each time up to a minute; one that
 * ran for ten seconds begins anew. A stop by command ends it (end.h).
 */
enum restart_kind {
	RESTART_NO,
	RESTART_ON_FAILURE,
	RESTART_ALWAYS,
};

struct restart_policy {
	enum restart_kind kind;
	int64_t max; /* starts after the first; 0: any number */
};

/* no, never, on-failure[:MAX], always, unless-stopped; NULL is no. */
int restart_policy_parse(const char *text, struct restart_policy *ret_policy);
bool restart_policy_applies(const struct restart_policy *policy, int exit_code, int64_t restarts);
/* How long to wait after a run of `ran` milliseconds; *pause is kept between two calls, 0 at
 * first. */
int64_t restart_policy_pause(int64_t ran, int64_t *pause);

#endif
