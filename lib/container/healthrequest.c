/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/healthrequest.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/units.h"

#define TIME_MIN 1000                                  /* microseconds */
#define TIME_MAX (UINT64_C(366) * 24 * 3600 * 1000000) /* a year */

#define SHELL "CMD-SHELL"
#define WORDS "CMD"

/* --- the command ------------------------------------------------------------------------------ */

static int parse_array(const char *text, struct strvec *test)
{
	autojson cJSON *json = NULL;
	const cJSON *item;
	bool first = true;

	TRY(json_parse(text, strlen(text), "the JSON array", &json));
	cJSON_ArrayForEach(item, json)
	{
		const char *word;

		TRY(json_string(item, "an element", &word));
		if (first && strcmp(word, WORDS) != 0 && strcmp(word, SHELL) != 0 &&
		    strcmp(word, "NONE") != 0)
			strvec_push(test, WORDS);
		strvec_push(test, word);
		first = false;
	}
	return 0;
}

/* What scripts for podman have: the words of a Dockerfile on one line. */
static const char *after_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	return strncmp(text, word, len) == 0 && text[len] == ' ' ? text + len + 1 : NULL;
}

static void parse_line(const char *text, struct strvec *test)
{
	const char *line = after_word(text, SHELL), *words = after_word(text, WORDS);

	if (words != NULL) {
		autofree char *copy = xstrdup(words);
		char *state = NULL;

		strvec_push(test, WORDS);
		for (char *word = strtok_r(copy, " \t", &state); word != NULL;
		     word = strtok_r(NULL, " \t", &state))
			strvec_push(test, word);
		return;
	}
	strvec_push(test, SHELL);
	strvec_push(test, line != NULL ? line : text);
}

/* A line for the shell, a JSON array, or "none". */
static int parse_test(const char *text, struct strvec *test)
{
	strvec_release(test);
	if (*text == '\0')
		return refuse("it is empty: a command, or 'none' for no check");
	if (strlen(text) > MAX_HEALTHCHECK)
		return refuse("it has more than %lu bytes", MAX_HEALTHCHECK);
	if (strcasecmp(text, "none") == 0)
		return 0;
	if (*text == '[')
		TRY(parse_array(text, test));
	else
		parse_line(text, test);
	if (test->n > 0 && strcmp(test->v[0], "NONE") == 0)
		strvec_release(test);
	else if (test->n < 2)
		return refuse("there is no command in '%s'", text);
	return 0;
}

/* --- the rest --------------------------------------------------------------------------------- */

static int parse_time(const char *text, uint64_t *ret_usec)
{
	TRY(units_parse_duration(text, ret_usec));
	if (*ret_usec != 0 && (*ret_usec < TIME_MIN || *ret_usec > TIME_MAX))
		return refuse("'%s': from 1ms to a year", text);
	return 0;
}

static int parse_interval(const char *text, uint64_t *ret_usec)
{
	if (strcmp(text, "disable") != 0)
		return parse_time(text, ret_usec);
	*ret_usec = HEALTH_NEVER;
	return 0;
}

static int apply_times(const struct health_request *request, struct health_config *config)
{
	const struct {
		const char *option, *text;
		int (*parse)(const char *text, uint64_t *ret_usec);
		uint64_t *slot;
	} rows[] = {
		{ "--health-interval", request->interval, parse_interval,
		  &config->regular.interval },
		{ "--health-timeout", request->timeout, parse_time, &config->regular.timeout },
		{ "--health-start-period", request->start_period, parse_time,
		  &config->start_period },
		{ "--health-start-interval", request->start_interval, parse_time,
		  &config->start_interval },
		{ "--health-startup-interval", request->startup_interval, parse_interval,
		  &config->startup.interval },
		{ "--health-startup-timeout", request->startup_timeout, parse_time,
		  &config->startup.timeout },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].text != NULL)
			TRY(fail_in(rows[i].parse(rows[i].text, rows[i].slot), "%s",
				    rows[i].option));
	return 0;
}

static int parse_size(const char *text, int64_t *ret_bytes)
{
	uint64_t bytes;

	TRY(units_parse_size(text, &bytes));
	if (bytes > MAX_HEALTH_OUTPUT)
		return refuse("'%s' is more than %lu bytes, the most that is kept of a check", text,
			      MAX_HEALTH_OUTPUT);
	*ret_bytes = (int64_t)bytes;
	return 0;
}

static int apply_numbers(const struct health_request *request, struct health_config *config)
{
	const struct {
		const char *option, *text;
		int64_t min, *slot;
	} rows[] = {
		{ "--health-retries", request->retries, 1, &config->retries },
		{ "--health-startup-retries", request->startup_retries, 0,
		  &config->startup_retries },
		{ "--health-startup-success", request->startup_success, 0,
		  &config->startup_success },
		{ "--health-max-log-count", request->max_log_count, 0, &config->log_count },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].text != NULL)
			TRY(fail_in(
				units_parse_i64(rows[i].text, rows[i].min, INT32_MAX, rows[i].slot),
				"%s", rows[i].option));
	if (request->max_log_size != NULL)
		TRY(fail_in(parse_size(request->max_log_size, &config->log_size),
			    "--health-max-log-size"));
	if (request->on_failure != NULL)
		TRY(fail_in(health_action_parse(request->on_failure, &config->on_failure),
			    "--health-on-failure"));
	return 0;
}

static int apply_destination(const char *text, struct health_config *config)
{
	struct stat st;

	if (text == NULL)
		return 0;
	if (strcmp(text, "events_logger") == 0) {
		refuse("--health-log-destination: checks are not written to the events");
		hint("'berth inspect' has the last ones; a directory gets them as a file");
		return -EINVAL;
	}
	if (strcmp(text, "local") == 0) {
		xreplace(&config->log_directory, NULL);
		return 0;
	}
	if (*text != '/' || stat(text, &st) < 0 || !S_ISDIR(st.st_mode))
		return refuse("--health-log-destination '%s': local, or the absolute path of a "
			      "directory that is there",
			      text);
	xreplace(&config->log_directory, text);
	return 0;
}

#define FIELD(name) offsetof(struct health_request, name)

static const struct {
	const char *option;
	size_t field;
	bool startup;
} all[] = {
	{ "--health-cmd", FIELD(cmd), false },
	{ "--health-interval", FIELD(interval), false },
	{ "--health-timeout", FIELD(timeout), false },
	{ "--health-retries", FIELD(retries), false },
	{ "--health-start-period", FIELD(start_period), false },
	{ "--health-start-interval", FIELD(start_interval), false },
	{ "--health-startup-cmd", FIELD(startup_cmd), true },
	{ "--health-startup-interval", FIELD(startup_interval), true },
	{ "--health-startup-timeout", FIELD(startup_timeout), true },
	{ "--health-startup-retries", FIELD(startup_retries), true },
	{ "--health-startup-success", FIELD(startup_success), true },
	{ "--health-on-failure", FIELD(on_failure), false },
	{ "--health-log-destination", FIELD(log_destination), false },
	{ "--health-max-log-count", FIELD(max_log_count), false },
	{ "--health-max-log-size", FIELD(max_log_size), false },
};

static char **field_at(const struct health_request *request, size_t row)
{
	return (char **)((char *)request + all[row].field);
}

/* The first that was given, or NULL. */
static const char *given(const struct health_request *request, bool startup)
{
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (*field_at(request, i) != NULL && (!startup || all[i].startup))
			return all[i].option;
	return NULL;
}

bool health_request_given(const struct health_request *request)
{
	return request->none || given(request, false) != NULL;
}

static int apply_commands(const struct health_request *request, struct health_config *config)
{
	if (request->cmd != NULL)
		TRY(fail_in(parse_test(request->cmd, &config->regular.test), "--health-cmd"));
	if (request->startup_cmd != NULL)
		TRY(fail_in(parse_test(request->startup_cmd, &config->startup.test),
			    "--health-startup-cmd"));
	return 0;
}

int health_request_apply(const struct health_request *request, struct health_config *config)
{
	const char *option = given(request, false), *startup = given(request, true);

	if (request->none && option != NULL)
		return refuse("--no-healthcheck: there is no check that %s could be about", option);
	TRY(apply_commands(request, config));
	TRY(apply_times(request, config));
	TRY(apply_numbers(request, config));
	TRY(apply_destination(request->log_destination, config));
	if (request->none || config->regular.test.n == 0) {
		health_config_release(config);
		if (option == NULL || request->cmd != NULL)
			return 0;
		refuse("%s: there is no health check", option);
		hint("give --health-cmd with it");
		return -EINVAL;
	}
	if (startup != NULL && config->startup.test.n == 0 && request->startup_cmd == NULL) {
		refuse("%s: there is no startup check", startup);
		hint("give --health-startup-cmd with it");
		return -EINVAL;
	}
	health_fill(config);
	return 0;
}

static int parse_image(const char *text, struct health_config *config)
{
	struct health_config parsed;
	autojson cJSON *json = NULL;

	TRY(json_parse(text, strlen(text), "it", &json));
	TRY(health_parse(json, &parsed));
	/* An image has no words for the rest: who made it does not choose files of the host. */
	config->regular = parsed.regular;
	parsed.regular.test = (struct strvec)STRVEC_INIT;
	config->start_period = parsed.start_period;
	config->start_interval = parsed.start_interval;
	config->retries = parsed.retries;
	health_config_release(&parsed);
	return 0;
}

int health_request_make(const struct health_request *request, const char *image,
			struct health_config *ret_config)
{
	struct health_config config = HEALTH_CONFIG_INIT;
	int rc = 0;

	/* What nobody wants need not be right. */
	if (image != NULL && !request->none)
		rc = fail_in(parse_image(image, &config), "the image's Healthcheck");
	if (rc >= 0 && (image != NULL || health_request_given(request)))
		rc = health_request_apply(request, &config);
	if (rc < 0)
		health_config_release(&config);
	else
		*ret_config = config;
	return rc;
}

void health_request_release(struct health_request *request)
{
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		free(*field_at(request, i));
		*field_at(request, i) = NULL;
	}
}
