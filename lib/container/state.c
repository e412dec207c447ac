/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/state.h"

#include <limits.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"

#define STATE_VERSION 1

static const char *const status_names[] = {
	[RECORD_CREATED] = "created",
	[RECORD_RUNNING] = "running",
	[RECORD_EXITED] = "exited",
};

void state_print(const struct record *record, struct buf *out)
{
	autojson cJSON *state = json_object();

	json_add_int(state, "version", STATE_VERSION);
	json_add_string(state, "name", record->name);
	json_add_string(state, "status", status_names[record->status]);
	json_add_string(state, "image", record->image);
	json_add_string(state, "imageId", record->image_id);
	json_add_strings(state, "command", &record->command);
	json_add_strings(state, "labels", &record->labels);
	json_add_strings(state, "ports", &record->ports);
	json_add_strings(state, "mounts", &record->mounts);
	json_add_int(state, "created", record->created);
	json_add_int(state, "createdNanoseconds", record->created_nsec);
	json_add_int(state, "started", record->started);
	json_add_int(state, "finished", record->finished);
	json_add_int(state, "pid", record->pid);
	json_add_int(state, "pidStart", (int64_t)record->pid_start);
	json_add_int(state, "exitCode", record->exit_code);
	json_add_int(state, "stopSignal", record->stop_signal);
	json_add_bool(state, "oomKilled", record->oom_killed);
	json_add_string(state, "cgroup", record->cgroup);
	json_add_string(state, "logDriver", record->log_driver);
	json_add_strings(state, "logOptions", &record->log_options);
	json_add_string(state, "networkText", record->network_text);
	json_add_strings(state, "publish", &record->publish);
	json_add_strings(state, "mountedImages", &record->mounted_images);
	json_add_string(state, "pidfile", record->pidfile);
	json_add_int(state, "timeout", record->timeout);
	json_add_int(state, "stopTimeout", record->stop_timeout);
	json_add_string(state, "monitorPidfile", record->monitor_pidfile);
	json_add_bool(state, "tty", record->tty);
	json_add_bool(state, "once", record->once);
	json_add_bool(state, "autoRemove", record->auto_remove);
	json_add_string(state, "restart", record->restart);
	json_add_int(state, "restarts", record->restarts);
	json_add_bool(state, "restarting", record->restarting);
	json_add_int(state, "executed", (int64_t)record->executed);
	json_add_string(state, "network", record->network);
	if (record->overrides.n != 0)
		json_add_strings(state, "overrides", &record->overrides);
	if (record->exposed.n != 0)
		json_add_strings(state, "exposed", &record->exposed);
	if (record->requires.n != 0)
		json_add_strings(state, "requires", &record->requires);
	if (record->secrets.n != 0)
		json_add_strings(state, "secrets", &record->secrets);
	json_add_strings(state, "volumes", &record->volumes);
	json_print(state, false, out);
	buf_add_char(out, '\n');
}

static int parse_status(const cJSON *state, struct record *record)
{
	const char *text = NULL;

	TRY(json_get_string(state, "status", &text));
	for (size_t i = 0; text != NULL && i < ARRAY_SIZE(status_names); i++)
		if (strcmp(text, status_names[i]) == 0) {
			record->status = (enum record_status)i;
			return 0;
		}
	return refuse("status: '%s' is none that this version knows", text != NULL ? text : "");
}

static int parse_strings(const cJSON *state, struct record *record)
{
	const struct {
		const char *key;
		char **slot;
	} strings[] = {
		{ "name", &record->name },
		{ "image", &record->image },
		{ "imageId", &record->image_id },
		{ "cgroup", &record->cgroup },
		{ "logDriver", &record->log_driver },
		{ "networkText", &record->network_text },
		{ "pidfile", &record->pidfile },
		{ "monitorPidfile", &record->monitor_pidfile },
		{ "restart", &record->restart },
		{ "network", &record->network },
	};
	const struct {
		const char *key;
		struct strvec *slot;
	} lists[] = {
		{ "command", &record->command },
		{ "labels", &record->labels },
		{ "ports", &record->ports },
		{ "mounts", &record->mounts },
		{ "logOptions", &record->log_options },
		{ "publish", &record->publish },
		{ "mountedImages", &record->mounted_images },
		{ "overrides", &record->overrides },
		{ "exposed", &record->exposed },
		{ "requires", &record->requires },
		{ "secrets", &record->secrets },
		{ "volumes", &record->volumes },
	};

	for (size_t i = 0; i < ARRAY_SIZE(strings); i++) {
		const char *text = NULL;

		TRY(json_get_string(state, strings[i].key, &text));
		if (text != NULL)
			xreplace(strings[i].slot, text);
	}
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		TRY(json_get_strings(state, lists[i].key, lists[i].slot));
	return 0;
}

static int parse_numbers(const cJSON *state, struct record *record)
{
	int64_t pid = 0, start = 0, code = 0, signal = 0, nsec = 0, executed = 0;

	TRY(json_get_int(state, "created", 0, INT64_MAX, &record->created));
	TRY(json_get_int(state, "createdNanoseconds", 0, 999999999, &nsec));
	TRY(json_get_int(state, "started", 0, INT64_MAX, &record->started));
	TRY(json_get_int(state, "finished", 0, INT64_MAX, &record->finished));
	TRY(json_get_int(state, "pid", 0, INT_MAX, &pid));
	TRY(json_get_int(state, "pidStart", 0, INT64_MAX, &start));
	TRY(json_get_int(state, "exitCode", 0, 255, &code));
	TRY(json_get_int(state, "stopSignal", 0, 64, &signal));
	TRY(json_get_bool(state, "oomKilled", &record->oom_killed));
	TRY(json_get_int(state, "timeout", 0, INT64_MAX, &record->timeout));
	TRY(json_get_int(state, "stopTimeout", -1, INT64_MAX, &record->stop_timeout));
	TRY(json_get_bool(state, "tty", &record->tty));
	TRY(json_get_bool(state, "once", &record->once));
	TRY(json_get_bool(state, "autoRemove", &record->auto_remove));
	TRY(json_get_int(state, "restarts", 0, INT64_MAX, &record->restarts));
	TRY(json_get_bool(state, "restarting", &record->restarting));
	TRY(json_get_int(state, "executed", 0, INT64_MAX, &executed));
	record->executed = (uint64_t)executed;
	record->created_nsec = (uint32_t)nsec;
	record->pid = (pid_t)pid;
	record->pid_start = (uint64_t)start;
	record->exit_code = (int)code;
	record->stop_signal = (int)signal;
	return 0;
}

int state_parse(const char *bytes, size_t len, struct record *record)
{
	autojson cJSON *state = NULL;
	int64_t version = 0;

	TRY(json_parse(bytes, len, "state.json", &state));
	TRY(json_get_int(state, "version", 0, INT64_MAX, &version));
	if (version != STATE_VERSION)
		return refuse("version %lld of the record is not known to this version of berth",
			      (long long)version);
	TRY(parse_status(state, record));
	TRY(parse_strings(state, record));
	return parse_numbers(state, record);
}
