/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_HEALTH_H
#define BERTH_CONTAINER_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "base/vec.h"

/*
 * Health checks: how a container is checked, and what follows from how the checks end. Nothing is
 * run here (healthrun.h), nothing is kept (healthfile.h), and no clock is read: all times are
 * microseconds of CLOCK_MONOTONIC, by which a change of the date means nothing.
 *
 * A container is "starting" until a check succeeds ("healthy"), or as many in a row have failed as
 * --health-retries says ("unhealthy"). Failures within the start period do not count, unless one
 * has succeeded before. With a startup check that one is run first, in the place of the other,
 * until it has succeeded often enough.
 */
enum health_action {
	HEALTH_ACTION_NONE,
	HEALTH_ACTION_KILL,
	HEALTH_ACTION_RESTART,
	HEALTH_ACTION_STOP,
};

#define HEALTH_ACTIONS "none|kill|restart|stop"

#define HEALTH_NEVER UINT64_MAX

/* One check. */
struct health_probe {
	struct strvec test; /* "CMD", WORD...; "CMD-SHELL", LINE; empty: there is none */
	uint64_t interval;  /* from the end of one to the next; HEALTH_NEVER: only by command */
	uint64_t timeout;
};

/* 0 stands for the default, until health_fill() was called. */
struct health_config {
	struct health_probe regular, startup;
	uint64_t start_period, start_interval;
	int64_t retries;
	int64_t startup_retries; /* failures after which it is restarted; 0: any number */
	int64_t startup_success;
	enum health_action on_failure;
	char *log_directory; /* where the log is written to as well; NULL */
	int64_t log_count;   /* checks that are remembered; -1: the default, 0: all that there is
				room for */
	int64_t log_size;    /* bytes of output of each; the same */
};

#define HEALTH_CONFIG_INIT \
	{ \
		.log_count = -1, .log_size = -1 \
	}

enum health_status {
	HEALTH_NONE, /* nobody checks */
	HEALTH_STARTING,
	HEALTH_HEALTHY,
	HEALTH_UNHEALTHY,
};

struct health_state {
	enum health_status status;
	bool started;           /* there is no startup check, or it is done with */
	int64_t streak;         /* of failures that count */
	int64_t passed, failed; /* startup checks in a row */
	uint64_t since;         /* when the container was started */
};

enum health_verdict {
	HEALTH_GO_ON,
	HEALTH_ACT,     /* on_failure is to be done */
	HEALTH_RESTART, /* it did not come up: it is to be started again */
};

static inline bool health_is_on(const struct health_config *config)
{
	return config->regular.test.n != 0;
}

/* Is it worth a descriptor: are there checks that come by themselves? */
bool health_is_timed(const struct health_config *config);
/* Put the defaults in. */
void health_fill(struct health_config *config);
void health_config_release(struct health_config *config);

/* As an image's Healthcheck has it, with further members for what docker does not know. */
void health_print(const struct health_config *config, cJSON *object);
int health_parse(const cJSON *object, struct health_config *ret_config);
int health_action_parse(const char *text, enum health_action *ret_action);
const char *health_action_name(enum health_action action);

void health_begin(const struct health_config *config, uint64_t now, struct health_state *state);
/* Which check is next. */
const struct health_probe *health_probe(const struct health_config *config,
					const struct health_state *state);
/* How long to wait for it, at the start or after one that has just ended; HEALTH_NEVER. */
uint64_t health_pause(const struct health_config *config, const struct health_state *state,
		      uint64_t now);
/* One that began at `began` has passed or failed. */
enum health_verdict health_judge(const struct health_config *config, uint64_t began, bool passed,
				 struct health_state *state);

/* The same for one whose last check somebody else has judged. */
enum health_verdict health_standing(const struct health_config *config,
				    const struct health_state *state);

/* "starting"; "none" as docker has it. */
const char *health_status_name(enum health_status status);
int health_status_parse(const char *text, enum health_status *ret_status);

#endif
