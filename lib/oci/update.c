/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "oci/update.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"
#include "box/cgroup.h"
#include "box/rdt.h"
#include "oci/ocibundle.h"
#include "spec/bundleconfig.h"
#include "spec/resourcesmerge.h"

struct number {
	const char *key;
	int64_t value;
};

static void add_numbers(const char *object, const struct number *numbers, size_t n,
			struct buf *text)
{
	const char *separator = "";

	buf_addf(text, "\"%s\":{", object);
	for (size_t i = 0; i < n; i++) {
		if (numbers[i].value == LIMIT_NONE)
			continue;
		buf_addf(text, "%s\"%s\":%" PRId64, separator, numbers[i].key, numbers[i].value);
		separator = ",";
	}
	buf_add_str(text, "}");
}

/* The options as the document that could have been given instead. */
static void describe(const struct runtime_update *request, struct buf *text)
{
	const struct number memory[] = {
		{ "limit", request->memory },
		{ "swap", request->memory_swap },
		{ "reservation", request->memory_reservation },
	};
	const struct number cpu[] = {
		{ "shares", request->cpu_shares },
		{ "quota", request->cpu_quota },
		{ "burst", request->cpu_burst },
		{ "period", request->cpu_period },
		{ "realtimeRuntime", request->cpu_rt_runtime },
		{ "realtimePeriod", request->cpu_rt_period },
		{ "idle", request->cpu_idle },
	};
	const struct number block_io[] = { { "weight", request->blkio_weight } };
	const struct number pids[] = { { "limit", request->pids_limit } };

	buf_add_str(text, "{");
	add_numbers("memory", memory, ARRAY_SIZE(memory), text);
	buf_add_str(text, ",");
	add_numbers("cpu", cpu, ARRAY_SIZE(cpu), text);
	buf_add_str(text, ",");
	add_numbers("blockIO", block_io, ARRAY_SIZE(block_io), text);
	buf_add_str(text, ",");
	add_numbers("pids", pids, ARRAY_SIZE(pids), text);
	buf_add_str(text, "}");
}

static void add_sets(const struct runtime_update *request, cJSON *changes)
{
	cJSON *cpu = cJSON_GetObjectItemCaseSensitive(changes, "cpu");

	json_add_string(cpu, "cpus", request->cpuset_cpus);
	json_add_string(cpu, "mems", request->cpuset_mems);
}

static int read_changes(const struct runtime_update *request, cJSON **ret_changes)
{
	AUTO(buf) text = BUF_INIT;

	if (request->resources == NULL || *request->resources == '\0') {
		describe(request, &text);
		TRY(json_parse(text.data, text.len, "the options", ret_changes));
		add_sets(request, *ret_changes);
		return 0;
	}
	if (strcmp(request->resources, "-") == 0)
		TRY(fs_read_fd(STDIN_FILENO, "the standard input", MAX_CONFIG, &text));
	else
		TRY(fs_read_file(AT_FDCWD, request->resources, MAX_CONFIG, &text));
	return json_parse(text.data, text.len, "resources", ret_changes);
}

static cJSON *member(cJSON *object, const char *key)
{
	cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

	return item != NULL ? item : json_add_object(object, key);
}

static bool changes_rdt(const struct runtime_update *request)
{
	return request->l3_cache_schema != NULL || request->mem_bw_schema != NULL;
}

static void set_text(cJSON *object, const char *key, const char *text)
{
	if (text == NULL)
		return;
	cJSON_DeleteItemFromObjectCaseSensitive(object, key);
	json_add_string(object, key, text);
}

/* The configuration with the changes in it. */
static int plan(const struct runtime_update *request, const struct ocibundle *old,
		struct ocibundle *new)
{
	autojson cJSON *config = NULL;
	autojson cJSON *changes = NULL;
	cJSON *linux_part;

	TRY(read_changes(request, &changes));
	TRY(json_parse(old->config.data, old->config.len, "config.json", &config));
	linux_part = member(config, "linux");
	TRY(resources_merge(member(linux_part, "resources"), changes));
	if (changes_rdt(request)) {
		set_text(member(linux_part, "intelRdt"), "l3CacheSchema", request->l3_cache_schema);
		set_text(member(linux_part, "intelRdt"), "memBwSchema", request->mem_bw_schema);
	}
	json_print(config, true, &new->config);
	TRY(bundleconfig_read(new->config.data, new->config.len, old->dir, &new->spec));
	new->spec.id = xstrdup(old->spec.id);
	return 0;
}

/* One without a class gets one of its own. */
static int share(const struct ocistate *state, const struct ocibundle *old,
		 const struct ocibundle *new)
{
	return old->spec.rdt.given ? rdt_change(&new->spec) : rdt_enter(&new->spec, state->pid);
}

static int keep(const struct ocistate *state, bool shares, const struct ocibundle *old,
		const struct ocibundle *new)
{
	if (shares)
		TRY(share(state, old, new));
	return fs_replace_file(state->dir, OCISTATE_CONFIG, new->config.data, new->config.len, 0600,
			       false);
}

/* What cannot be written down does not hold either. */
static void put_back(const struct ocistate *state, const struct cgroup *cgroup,
		     const struct ocibundle *old, const struct ocibundle *new)
{
	AUTO(err_kept) kept = err_keep();

	(void)cgroup_update(cgroup, state->pid, &new->spec.cgroup.resources,
			    &old->spec.cgroup.resources);
	if (old->spec.rdt.given && rdt_exists())
		(void)rdt_change(&old->spec);
	err_restore(&kept);
}

static int apply(const struct ocistate *state, bool shares, const struct ocibundle *old,
		 const struct ocibundle *new)
{
	struct cgroup cgroup;
	int rc;

	TRY(cgroup_find(state->cgroup, &cgroup));
	rc = cgroup_update(&cgroup, state->pid, &old->spec.cgroup.resources,
			   &new->spec.cgroup.resources);
	if (rc >= 0) {
		rc = keep(state, shares, old, new);
		if (rc < 0)
			put_back(state, &cgroup, old, new);
	}
	cgroup_release(&cgroup);
	return rc;
}

int runtime_update(const struct runtime *runtime, const struct runtime_update *request,
		   const char *id)
{
	AUTO(ocistate) state = OCISTATE_INIT;
	AUTO(ocibundle) old = { .config = BUF_INIT }, new = { .config = BUF_INIT };

	spec_init(&old.spec);
	spec_init(&new.spec);
	TRY(ocistate_open(runtime->root, id, &state));
	TRY(ocistate_lock(&state));
	if (ocistate_status(&state) == OCI_STOPPED)
		return refuse_with(ESRCH, "container not running");
	TRY(ocibundle_of(runtime, &state, &old));
	TRY(plan(request, &old, &new));
	return apply(&state, changes_rdt(request), &old, &new);
}
