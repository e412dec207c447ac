/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/healthfile.h"

#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/escape.h"
#include "base/fs.h"
#include "base/lock.h"
#include "base/units.h"

#define FILE_NAME "health.json"
#define LOCK_NAME "health.lock"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define RUNE_MAX 4

#define USEC_PER_SEC UINT64_C(1000000)
#define NSEC_PER_USEC 1000

uint64_t healthfile_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / NSEC_PER_USEC;
}

/* --- reading ---------------------------------------------------------------------------------- */

static int parse_state(const cJSON *json, struct health_state *state, uint64_t *ret_run)
{
	const char *status = "";
	int64_t run = 0, since = 0;

	TRY(json_get_string(json, "Status", &status));
	TRY(health_status_parse(status, &state->status));
	TRY(json_get_int(json, "FailingStreak", 0, INT64_MAX, &state->streak));
	TRY(json_get_bool(json, "started", &state->started));
	TRY(json_get_int(json, "passed", 0, INT64_MAX, &state->passed));
	TRY(json_get_int(json, "failed", 0, INT64_MAX, &state->failed));
	TRY(json_get_int(json, "since", 0, INT64_MAX, &since));
	TRY(json_get_int(json, "run", 0, INT64_MAX, &run));
	state->since = (uint64_t)since;
	*ret_run = (uint64_t)run;
	return 0;
}

static int read_file(const struct record *record, cJSON **ret_json)
{
	AUTO(buf) text = BUF_INIT;
	int there = fs_exists(record->dirfd, FILE_NAME);

	if (there <= 0)
		return there;
	TRY(fs_read_file(record->dirfd, FILE_NAME, MAX_STATE_FILE, &text));
	TRY(json_parse(text.data, text.len, FILE_NAME, ret_json));
	return 1;
}

/* As read_file(); *ret_json is emptied of what belongs to an earlier run. */
static int load(const struct record *record, struct health_state *state, cJSON **ret_json)
{
	uint64_t run;
	int there = read_file(record, ret_json);

	if (there <= 0)
		return there;
	TRY(parse_state(*ret_json, state, &run));
	/* What has ended keeps what it had. */
	if (record->status == RECORD_RUNNING && run != record->pid_start) {
		*state = (struct health_state){ .status = HEALTH_STARTING };
		cJSON_DeleteItemFromObjectCaseSensitive(*ret_json, "Log");
		return 0;
	}
	return 1;
}

int healthfile_load(const struct record *record, struct health_state *ret_state, cJSON **ret_log)
{
	struct health_state state = { .status = HEALTH_NONE };
	autojson cJSON *json = NULL;

	TRY(load(record, &state, &json));
	*ret_state = state;
	if (ret_log != NULL && json != NULL)
		*ret_log = cJSON_DetachItemFromObjectCaseSensitive(json, "Log");
	return json != NULL;
}

enum health_status healthfile_status(const struct record *record)
{
	struct health_state state;

	if (healthfile_load(record, &state, NULL) >= 0)
		return state.status;
	err_clear();
	return HEALTH_NONE;
}

/* --- writing ---------------------------------------------------------------------------------- */

static void print_state(const struct health_state *state, uint64_t run, cJSON *json)
{
	json_add_string(json, "Status", health_status_name(state->status));
	json_add_int(json, "FailingStreak", state->streak);
	json_add_bool(json, "started", state->started);
	json_add_int(json, "passed", state->passed);
	json_add_int(json, "failed", state->failed);
	json_add_int(json, "since", (int64_t)state->since);
	json_add_int(json, "run", (int64_t)run);
}

/* Text for everybody, whatever the bytes are. */
static void add_output(cJSON *entry, const struct buf *output)
{
	AUTO(buf) text = BUF_INIT;

	for (size_t at = 0, len; at < output->len; at += len) {
		uint32_t rune;

		len = escape_decode(output->data + at, output->len - at, &rune);
		if (len > 0 && rune != 0) {
			buf_add(&text, output->data + at, len);
			continue;
		}
		/* Cut within a character, it ends before that. */
		if (len == 0 && output->len - at < RUNE_MAX && (output->data[at] & 0xc0) == 0xc0)
			break;
		buf_add_str(&text, REPLACEMENT);
		len = 1;
	}
	json_add_string(entry, "Output", text.data);
}

static void add_time(cJSON *entry, const char *key, const struct timespec *time)
{
	AUTO(buf) text = BUF_INIT;

	units_print_time(&text, time->tv_sec, (uint32_t)time->tv_nsec);
	json_add_string(entry, key, text.data);
}

static cJSON *make_entry(const struct health_result *result)
{
	cJSON *entry = json_object();

	add_time(entry, "Start", &result->start);
	add_time(entry, "End", &result->end);
	json_add_int(entry, "ExitCode", result->exit_code);
	add_output(entry, &result->output);
	return entry;
}

/* The oldest go, as many as have to. */
static void print_log(const struct health_config *config, cJSON *json, struct buf *out)
{
	cJSON *log = cJSON_GetObjectItemCaseSensitive(json, "Log");

	while (config->log_count > 0 && cJSON_GetArraySize(log) > config->log_count)
		cJSON_DeleteItemFromArray(log, 0);
	json_print(json, false, out);
	while (out->len > MAX_HEALTH_FILE && cJSON_GetArraySize(log) > 1) {
		/* A few at a time: it is printed again for each. */
		for (int n = cJSON_GetArraySize(log) / 4 + 1; n > 0; n--)
			cJSON_DeleteItemFromArray(log, 0);
		buf_clear(out);
		json_print(json, false, out);
	}
	buf_add_char(out, '\n');
}

static int write_state(const struct record *record, const struct health_config *config,
		       const struct health_state *state, cJSON *log)
{
	autojson cJSON *json = json_object();
	AUTO(buf) text = BUF_INIT;

	print_state(state, record->pid_start, json);
	cJSON_AddItemToObject(json, "Log", log);
	print_log(config, json, &text);
	TRY(fs_replace_file(record->dirfd, FILE_NAME, text.data, text.len, 0600, false));
	if (config->log_directory != NULL) {
		autofree char *path =
			xasprintf("%s/%s-healthcheck.log", config->log_directory, record->id);

		/* The checks go on where it cannot be written. */
		if (fs_replace_file(AT_FDCWD, path, text.data, text.len, 0600, false) < 0)
			err_clear();
	}
	return 0;
}

int healthfile_begin(const struct record *record, const struct health_config *config)
{
	struct health_state state;

	health_begin(config, healthfile_now(), &state);
	return write_state(record, config, &state, json_array());
}

void healthfile_drop(const struct record *record)
{
	unlinkat(record->dirfd, FILE_NAME, 0);
}

int healthfile_note(const struct record *record, const struct health_config *config,
		    const struct health_result *result, enum health_verdict *ret_verdict)
{
	struct health_state state;
	autojson cJSON *json = NULL;
	autoclose int lock = lock_take(record->dirfd, LOCK_NAME, LOCK_EXCLUSIVE, NULL);
	cJSON *log = NULL;
	int there;

	TRY(lock);
	there = load(record, &state, &json);
	TRY(there);
	if (there > 0)
		log = cJSON_DetachItemFromObjectCaseSensitive(json, "Log");
	else
		health_begin(config, healthfile_now(), &state);
	if (log == NULL)
		log = json_array();
	*ret_verdict = health_judge(config, result->began, result->exit_code == 0, &state);
	json_push(log, make_entry(result));
	return write_state(record, config, &state, log);
}
