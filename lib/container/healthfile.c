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
#define LOG_NAME "health.log"
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

/* 1, or 0 where there is none. */
static int read_file(const struct record *record, const char *name, cJSON **ret_json)
{
	AUTO(buf) text = BUF_INIT;
	int there = fs_exists(record->dirfd, name);

	if (there <= 0)
		return there;
	TRY(fs_read_file(record->dirfd, name, MAX_STATE_FILE, &text));
	TRY(json_parse(text.data, text.len, name, ret_json));
	return 1;
}

/* How much there is of this run. */
enum found {
	FOUND_NONE,
	FOUND_OLD, /* of an earlier one */
	FOUND,
};

static int load(const struct record *record, struct health_state *state)
{
	autojson cJSON *json = NULL;
	uint64_t run;
	int there = read_file(record, FILE_NAME, &json);

	if (there <= 0)
		return there < 0 ? there : FOUND_NONE;
	TRY(parse_state(json, state, &run));
	/* What has ended keeps what it had. */
	if (record->status != RECORD_RUNNING || run == record->pid_start)
		return FOUND;
	*state = (struct health_state){ .status = HEALTH_STARTING };
	return FOUND_OLD;
}

static int load_log(const struct record *record, cJSON **ret_log)
{
	autojson cJSON *json = NULL;

	TRY(read_file(record, LOG_NAME, &json));
	if (json != NULL)
		*ret_log = cJSON_DetachItemFromObjectCaseSensitive(json, "Log");
	return 0;
}

int healthfile_load(const struct record *record, struct health_state *ret_state, cJSON **ret_log)
{
	struct health_state state = { .status = HEALTH_NONE };
	int found = load(record, &state);

	TRY(found);
	if (found == FOUND && ret_log != NULL)
		TRY(load_log(record, ret_log));
	*ret_state = state;
	return found != FOUND_NONE;
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

static void write_copy(const struct record *record, const struct health_config *config,
		       const struct buf *text)
{
	autofree char *path = xasprintf("%s/%s-healthcheck.log", config->log_directory, record->id);

	/* The checks go on where it cannot be written. */
	if (fs_replace_file(AT_FDCWD, path, text->data, text->len, 0600, false) < 0)
		err_clear();
}

/* The log first: the state is what others look at. */
static int write_log(const struct record *record, const struct health_config *config,
		     const struct health_state *state, cJSON *log)
{
	autojson cJSON *json = json_object();
	AUTO(buf) text = BUF_INIT;

	print_state(state, record->pid_start, json);
	cJSON_AddItemToObject(json, "Log", log);
	print_log(config, json, &text);
	if (config->log_directory != NULL)
		write_copy(record, config, &text);
	return fs_replace_file(record->dirfd, LOG_NAME, text.data, text.len, 0600, false);
}

static int write_state(const struct record *record, const struct health_state *state)
{
	autojson cJSON *json = json_object();
	AUTO(buf) text = BUF_INIT;

	print_state(state, record->pid_start, json);
	json_print(json, false, &text);
	buf_add_char(&text, '\n');
	return fs_replace_file(record->dirfd, FILE_NAME, text.data, text.len, 0600, false);
}

int healthfile_begin(const struct record *record, const struct health_config *config)
{
	struct health_state state;

	health_begin(config, healthfile_now(), &state);
	unlinkat(record->dirfd, LOG_NAME, 0);
	return write_state(record, &state);
}

void healthfile_drop(const struct record *record)
{
	unlinkat(record->dirfd, FILE_NAME, 0);
	unlinkat(record->dirfd, LOG_NAME, 0);
}

int healthfile_note(const struct record *record, const struct health_config *config,
		    const struct health_result *result, enum health_verdict *ret_verdict)
{
	struct health_state state;
	autoclose int lock = lock_take(record->dirfd, LOCK_NAME, LOCK_EXCLUSIVE, NULL);
	autojson cJSON *log = NULL;
	int found;

	TRY(lock);
	found = load(record, &state);
	TRY(found);
	if (found == FOUND)
		TRY(load_log(record, &log));
	else
		health_begin(config, healthfile_now(), &state);
	if (log == NULL)
		log = json_array();
	*ret_verdict = health_judge(config, result->began, result->exit_code == 0, &state);
	json_push(log, make_entry(result));
	TRY(write_log(record, config, &state, steal(log)));
	return write_state(record, &state);
}
