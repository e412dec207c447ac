/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/inspect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/units.h"
#include "container/confinement.h"
#include "container/pause.h"
#include "container/scratch.h"
#include "container/secretopt.h"
#include "container/target.h"

static void add_time(cJSON *json, const char *key, int64_t seconds, uint32_t nsec)
{
	AUTO(buf) text = BUF_INIT;

	/* Go's zero time, which scripts compare with. */
	if (seconds == 0)
		buf_add_str(&text, "0001-01-01T00:00:00Z");
	else
		units_print_time(&text, seconds, nsec);
	json_add_string(json, key, text.data);
}

static void add_state(cJSON *json, const struct record *record)
{
	cJSON *state = json_add_object(json, "State");
	bool running = record->status == RECORD_RUNNING;
	const char *status = pause_status(record);

	json_add_string(state, "Status", status);
	json_add_bool(state, "Running", running);
	json_add_bool(state, "Paused", strcmp(status, "paused") == 0);
	json_add_bool(state, "Restarting", record->restarting);
	json_add_bool(state, "OOMKilled", record->oom_killed);
	json_add_bool(state, "Dead", false);
	json_add_int(state, "Pid", running ? record->pid : 0);
	json_add_int(state, "ExitCode", record->exit_code);
	json_add_string(state, "Error", "");
	add_time(state, "StartedAt", record->started, 0);
	add_time(state, "FinishedAt", record->finished, 0);
	inspect_add_health(state, record);
}

static void add_labels(cJSON *config, const struct record *record)
{
	cJSON *labels = json_add_object(config, "Labels");

	for (size_t i = 0; i < record->labels.n; i++) {
		size_t len = strcspn(record->labels.v[i], "=");
		autofree char *key = xstrndup(record->labels.v[i], len);

		if (record->labels.v[i][len] == '=')
			json_add_string(labels, key, record->labels.v[i] + len + 1);
	}
}

/* Files of them, as podman has it; what is in them is nobody's business. */
static void add_secrets(cJSON *config, const struct record *record)
{
	cJSON *list = json_add_array(config, "Secrets");

	for (size_t i = 0; i < record->secrets.n; i++) {
		AUTO(secretopt) opt = { 0 };
		cJSON *item;

		if (secretopt_parse(record->secrets.v[i], &opt) < 0 || opt.env) {
			err_clear();
			continue;
		}
		item = json_object();
		json_add_string(item, "Name", opt.name);
		json_add_string(item, "Target", opt.target);
		json_add_int(item, "UID", opt.uid);
		json_add_int(item, "GID", opt.gid);
		json_add_int(item, "Mode", opt.mode);
		json_push(list, item);
	}
}

/* The plan, an OCI configuration: containers of --rm have none. */
static int read_plan(const struct record *record, cJSON **ret_plan)
{
	AUTO(buf) text = BUF_INIT;
	int there = fs_exists(record->dirfd, "config.json");

	if (there <= 0)
		return there;
	TRY(fs_read_file(record->dirfd, "config.json", MAX_STATE_FILE, &text));
	return json_parse(text.data, text.len, "config.json", ret_plan);
}

static void copy(cJSON *to, const char *name, const cJSON *from, const char *key)
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(from, key);

	if (value != NULL)
		cJSON_AddItemToObject(to, name, cJSON_Duplicate(value, true));
}

static void add_config(cJSON *json, const struct record *record, const cJSON *plan)
{
	const cJSON *process = cJSON_GetObjectItemCaseSensitive(plan, "process");
	cJSON *config = json_add_object(json, "Config");
	const cJSON *user = cJSON_GetObjectItemCaseSensitive(
		cJSON_GetObjectItemCaseSensitive(plan, "annotations"), "org.berth.user");

	copy(config, "Hostname", plan, "hostname");
	json_add_string(config, "User", cJSON_IsString(user) ? user->valuestring : "");
	copy(config, "Tty", process, "terminal");
	copy(config, "Env", process, "env");
	json_add_strings(config, "Cmd", &record->command);
	json_add_string(config, "Image", record->image);
	copy(config, "WorkingDir", process, "cwd");
	add_labels(config, record);
	add_secrets(config, record);
	json_add_string(config, "StopSignal", units_signal_name(record->stop_signal));
	inspect_add_healthcheck(config, record);
}

static void add_command(cJSON *json, const struct record *record)
{
	cJSON *args;

	json_add_string(json, "Path", record->command.n > 0 ? record->command.v[0] : "");
	args = json_add_array(json, "Args");
	for (size_t i = 1; i < record->command.n; i++)
		json_push_string(args, record->command.v[i]);
}

/* Files of its own that are mounted in it. */
static void add_files(cJSON *json, const struct record *record)
{
	static const char *const files[][2] = {
		{ "ResolvConfPath", "resolv.conf" },
		{ "HostnamePath", "hostname" },
		{ "HostsPath", "hosts" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		autofree char *path = xasprintf("%s/%s", record->dir, files[i][1]);

		json_add_string(json, files[i][0],
				fs_exists(record->dirfd, files[i][1]) > 0 ? path : "");
	}
}

static int add_extras(const struct host *host, const struct inspect_extras *extras,
		      struct record *record, cJSON *json)
{
	struct target target = TARGET_INIT;
	cJSON *security = NULL;
	uint64_t bytes = 0;
	int rc;

	if (extras->size) {
		TRY(scratch_usage(host, record, &bytes));
		json_add_int(json, "SizeRw", (int64_t)bytes);
	}
	if (!extras->security)
		return 0;
	rc = target_take(record, &target);
	if (rc >= 0)
		rc = confinement_read(&target, &security);
	if (rc >= 0)
		cJSON_AddItemToObject(json, "Security", security);
	target_release(&target);
	return fail_in(rc, "--security");
}

static int describe(const struct record *record, cJSON *json)
{
	autojson cJSON *plan = NULL;

	TRY(read_plan(record, &plan));
	json_add_string(json, "Id", record->id);
	add_time(json, "Created", record->created, record->created_nsec);
	add_command(json, record);
	add_state(json, record);
	json_add_string(json, "Image", record->image_id != NULL ? record->image_id : "");
	json_add_string(json, "ImageName", record->image);
	add_files(json, record);
	json_add_string(json, "Name", record->name);
	json_add_int(json, "RestartCount", record->restarts);
	json_add_strings(json, "Dependencies", &record->requires);
	inspect_add_host(json, record, plan);
	inspect_add_mounts(json, record, plan);
	add_config(json, record, plan);
	inspect_add_network(json, record);
	return 0;
}

int inspect_container(const struct host *host, const char *name,
		      const struct inspect_extras *extras, cJSON **ret_json)
{
	AUTO(record) record = RECORD_INIT;
	autojson cJSON *json = json_object();

	TRY(record_find(host, name, &record));
	TRY(describe(&record, json));
	TRY(add_extras(host, extras, &record, json));
	*ret_json = steal(json);
	return 0;
}
