/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/health.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define SECOND UINT64_C(1000000)
#define NSEC_PER_USEC 1000

#define DEFAULT_INTERVAL (30 * SECOND)
#define DEFAULT_TIMEOUT (30 * SECOND)
#define DEFAULT_START_INTERVAL (5 * SECOND)
#define DEFAULT_RETRIES 3
#define DEFAULT_LOG_COUNT 5
#define DEFAULT_LOG_SIZE 500

static const char *const action_names[] = {
	[HEALTH_ACTION_NONE] = "none",
	[HEALTH_ACTION_KILL] = "kill",
	[HEALTH_ACTION_RESTART] = "restart",
	[HEALTH_ACTION_STOP] = "stop",
};

static const char *const status_names[] = {
	[HEALTH_NONE] = "none",
	[HEALTH_STARTING] = "starting",
	[HEALTH_HEALTHY] = "healthy",
	[HEALTH_UNHEALTHY] = "unhealthy",
};

/* --- how it is checked ------------------------------------------------------------------------ */

bool health_is_timed(const struct health_config *config)
{
	const struct health_probe *startup = &config->startup;

	return health_is_on(config) &&
	       (config->regular.interval != HEALTH_NEVER ||
		(startup->test.n != 0 && startup->interval != HEALTH_NEVER));
}

static void fill_probe(struct health_probe *probe)
{
	if (probe->interval == 0)
		probe->interval = DEFAULT_INTERVAL;
	if (probe->timeout == 0)
		probe->timeout = DEFAULT_TIMEOUT;
}

void health_fill(struct health_config *config)
{
	fill_probe(&config->regular);
	fill_probe(&config->startup);
	if (config->start_interval == 0)
		config->start_interval = DEFAULT_START_INTERVAL;
	if (config->retries == 0)
		config->retries = DEFAULT_RETRIES;
	if (config->startup_success == 0)
		config->startup_success = 1;
	if (config->log_count < 0)
		config->log_count = DEFAULT_LOG_COUNT;
	if (config->log_size < 0)
		config->log_size = DEFAULT_LOG_SIZE;
}

void health_config_release(struct health_config *config)
{
	strvec_release(&config->regular.test);
	strvec_release(&config->startup.test);
	free(config->log_directory);
	*config = (struct health_config)HEALTH_CONFIG_INIT;
}

int health_action_parse(const char *text, enum health_action *ret_action)
{
	for (size_t i = 0; i < ARRAY_SIZE(action_names); i++)
		if (strcmp(text, action_names[i]) == 0) {
			*ret_action = (enum health_action)i;
			return 0;
		}
	return refuse("'%s' is not what can be done: none, kill, restart or stop", text);
}

const char *health_action_name(enum health_action action)
{
	return action_names[action];
}

/* --- as JSON ---------------------------------------------------------------------------------- */

/* docker counts nanoseconds. */
static void add_time(cJSON *object, const char *key, uint64_t usec)
{
	if (usec == HEALTH_NEVER)
		json_add_int(object, key, -1);
	else if (usec != 0)
		json_add_int(object, key, (int64_t)(usec * NSEC_PER_USEC));
}

static void add_number(cJSON *object, const char *key, int64_t value)
{
	if (value != 0)
		json_add_int(object, key, value);
}

static void print_probe(const struct health_probe *probe, cJSON *object)
{
	json_add_strings(object, "Test", &probe->test);
	add_time(object, "Interval", probe->interval);
	add_time(object, "Timeout", probe->timeout);
}

void health_print(const struct health_config *config, cJSON *object)
{
	cJSON *startup;

	print_probe(&config->regular, object);
	add_time(object, "StartPeriod", config->start_period);
	add_time(object, "StartInterval", config->start_interval);
	add_number(object, "Retries", config->retries);
	json_add_string(object, "OnFailure", action_names[config->on_failure]);
	json_add_string(object, "LogDirectory", config->log_directory);
	json_add_int(object, "LogCount", config->log_count);
	json_add_int(object, "LogSize", config->log_size);
	if (config->startup.test.n == 0)
		return;
	startup = json_add_object(object, "Startup");
	print_probe(&config->startup, startup);
	add_number(startup, "Retries", config->startup_retries);
	add_number(startup, "Successes", config->startup_success);
}

static int get_time(const cJSON *object, const char *key, uint64_t *ret_usec)
{
	int64_t nsec = 0;

	TRY(json_get_int(object, key, -1, INT64_MAX, &nsec));
	*ret_usec = nsec < 0 ? HEALTH_NEVER : (uint64_t)nsec / NSEC_PER_USEC;
	return 0;
}

static int parse_probe(const cJSON *object, struct health_probe *probe)
{
	const struct strvec *test = &probe->test;
	bool shell;

	TRY(json_get_strings(object, "Test", &probe->test));
	TRY(get_time(object, "Interval", &probe->interval));
	TRY(get_time(object, "Timeout", &probe->timeout));
	/* An image's way to have none, although the one it is made from has one. */
	if (test->n == 0 || strcmp(test->v[0], "NONE") == 0) {
		strvec_release(&probe->test);
		return 0;
	}
	shell = strcmp(test->v[0], "CMD-SHELL") == 0;
	if ((!shell && strcmp(test->v[0], "CMD") != 0) || test->n < 2 || (shell && test->n != 2))
		return refuse("Test: \"CMD\" and the words of a command, \"CMD-SHELL\" and a line "
			      "for the shell, or \"NONE\"");
	return 0;
}

static int parse_numbers(const cJSON *object, struct health_config *config)
{
	const char *action = action_names[0], *directory = NULL;
	const cJSON *startup = NULL;

	TRY(get_time(object, "StartPeriod", &config->start_period));
	TRY(get_time(object, "StartInterval", &config->start_interval));
	TRY(json_get_int(object, "Retries", 0, INT32_MAX, &config->retries));
	TRY(json_get_string(object, "OnFailure", &action));
	TRY(health_action_parse(action, &config->on_failure));
	TRY(json_get_string(object, "LogDirectory", &directory));
	config->log_directory = xstrdup_null(directory);
	TRY(json_get_int(object, "LogCount", -1, INT32_MAX, &config->log_count));
	TRY(json_get_int(object, "LogSize", -1, INT32_MAX, &config->log_size));
	TRY(json_get_object(object, "Startup", &startup));
	if (startup == NULL)
		return 0;
	TRY(parse_probe(startup, &config->startup));
	TRY(json_get_int(startup, "Retries", 0, INT32_MAX, &config->startup_retries));
	return json_get_int(startup, "Successes", 0, INT32_MAX, &config->startup_success);
}

int health_parse(const cJSON *object, struct health_config *ret_config)
{
	struct health_config config = HEALTH_CONFIG_INIT;
	int rc = parse_probe(object, &config.regular);

	if (rc >= 0)
		rc = parse_numbers(object, &config);
	if (rc < 0) {
		health_config_release(&config);
		return rc;
	}
	*ret_config = config;
	return 0;
}

/* --- what follows from how they end ----------------------------------------------------------- */

void health_begin(const struct health_config *config, uint64_t now, struct health_state *state)
{
	*state = (struct health_state){
		.status = HEALTH_STARTING,
		.started = config->startup.test.n == 0,
		.since = now,
	};
}

const struct health_probe *health_probe(const struct health_config *config,
					const struct health_state *state)
{
	return state->started || config->startup.test.n == 0 ? &config->regular : &config->startup;
}

static bool in_start_period(const struct health_config *config, const struct health_state *state,
			    uint64_t now)
{
	return state->status == HEALTH_STARTING && now >= state->since &&
	       now - state->since < config->start_period;
}

uint64_t health_pause(const struct health_config *config, const struct health_state *state,
		      uint64_t now)
{
	const struct health_probe *probe = health_probe(config, state);

	if (probe != &config->regular || probe->interval == HEALTH_NEVER)
		return probe->interval;
	/* The startup check was the last one, and has taken long enough. */
	if (state->passed > 0)
		return 0;
	return in_start_period(config, state, now) && config->start_interval < probe->interval
		       ? config->start_interval
		       : probe->interval;
}

enum health_verdict health_standing(const struct health_config *config,
				    const struct health_state *state)
{
	if (health_probe(config, state) == &config->startup)
		return config->startup_retries > 0 && state->failed >= config->startup_retries
			       ? HEALTH_RESTART
			       : HEALTH_GO_ON;
	return state->status == HEALTH_UNHEALTHY && config->on_failure != HEALTH_ACTION_NONE
		       ? HEALTH_ACT
		       : HEALTH_GO_ON;
}

static void count_startup(const struct health_config *config, bool passed,
			  struct health_state *state)
{
	if (passed) {
		state->failed = 0;
		state->started = ++state->passed >= config->startup_success;
	} else {
		state->passed = 0;
		state->failed++;
	}
}

enum health_verdict health_judge(const struct health_config *config, uint64_t began, bool passed,
				 struct health_state *state)
{
	if (health_probe(config, state) == &config->startup) {
		count_startup(config, passed, state);
	} else if (passed) {
		state->status = HEALTH_HEALTHY;
		state->streak = state->passed = 0;
	} else {
		state->passed = 0;
		if (!in_start_period(config, state, began) && ++state->streak >= config->retries)
			state->status = HEALTH_UNHEALTHY;
	}
	/* A success is no occasion, whatever was before. */
	return passed ? HEALTH_GO_ON : health_standing(config, state);
}

const char *health_status_name(enum health_status status)
{
	return status_names[status];
}

int health_status_parse(const char *text, enum health_status *ret_status)
{
	for (size_t i = 0; i < ARRAY_SIZE(status_names); i++)
		if (strcmp(text, status_names[i]) == 0) {
			*ret_status = (enum health_status)i;
			return 0;
		}
	return refuse("'%s' is not a state of health: starting, healthy, unhealthy or none", text);
}
