/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/bundleconfig.h"

#include "base/bounds.h"
#include "base/json.h"
#include "box/seccomp.h"
#include "data.h"
#include "spec/names.h"

/*
 * test/data/bundle has a config.json for each property of the runtime-spec, written from its text:
 * NAME.out is what the reader understood. "ignored-*" are documents that mean the same as
 * minimal.in; every other one must mean something else without the property of its name.
 *
 * should-fail-*.in are either documents that are no JSON, or lists of changes to minimal.in that
 * must be refused, each with an error that names the property:
 *
 *	== process.user.uid: negative
 *	process.user.uid = -1
 *
 * "PATH =" alone takes a property away, "+" in a path stands for one more element of an array.
 */
#define BUNDLE "/the/bundle"

static void put_text(struct buf *out, const char *key, const char *text)
{
	if (text == NULL)
		return;
	buf_addf(out, "%s: ", key);
	json_print_string(out, text);
	buf_add_char(out, '\n');
}

static void put_list(struct buf *out, const char *key, const struct strvec *list)
{
	for (size_t i = 0; i < list->n; i++)
		put_text(out, key, list->v[i]);
}

static void put_flag(struct buf *out, const char *key, bool flag)
{
	if (flag)
		buf_addf(out, "%s\n", key);
}

static void put_limit(struct buf *out, const char *key, int64_t limit)
{
	if (limit != LIMIT_NONE)
		buf_addf(out, "%s: %lld\n", key, (long long)limit);
}

static void put_keyvalues(struct buf *out, const char *what, const struct spec_keyvalues *list)
{
	for (size_t i = 0; i < list->n; i++) {
		autofree char *key = xasprintf("%s %s", what, list->v[i].key);

		put_text(out, key, list->v[i].value);
	}
}

static void put_caps(struct buf *out, const char *key, uint64_t set)
{
	if (set == 0)
		return;
	buf_addf(out, "%s:", key);
	for (int cap = 0; cap < CAP_COUNT; cap++)
		if ((set >> cap & 1) != 0)
			buf_addf(out, " %s", cap_name(cap));
	buf_add_char(out, '\n');
}

static void put_user(struct buf *out, const struct spec_user *user)
{
	buf_addf(out, "user: %u:%u\n", user->uid, user->gid);
	put_list(out, "group", &user->groups);
	if (user->umask != UMASK_CALLER)
		buf_addf(out, "umask: 0%o\n", user->umask);
}

static void put_rights(struct buf *out, const struct spec_process *process)
{
	put_caps(out, "bounding", process->caps.bounding);
	put_caps(out, "effective", process->caps.effective);
	put_caps(out, "permitted", process->caps.permitted);
	put_caps(out, "inheritable", process->caps.inheritable);
	put_caps(out, "ambient", process->caps.ambient);
	put_flag(out, "no new privileges", process->no_new_privileges);
	put_text(out, "apparmor", process->apparmor_profile);
	put_text(out, "selinux", process->selinux_label);
	for (size_t i = 0; i < process->rlimits.n; i++) {
		const struct spec_rlimit *limit = &process->rlimits.v[i];

		buf_addf(out, "%s: %llu %llu\n", rlimit_name(limit->resource),
			 (unsigned long long)limit->soft, (unsigned long long)limit->hard);
	}
}

static void put_scheduling(struct buf *out, const struct spec_process *process)
{
	const struct spec_scheduler *s = &process->scheduler;

	if (s->set)
		buf_addf(out,
			 "scheduler: policy %u flags 0x%llx nice %d priority %u %llu %llu %llu\n",
			 s->policy, (unsigned long long)s->flags, s->nice, s->priority,
			 (unsigned long long)s->runtime, (unsigned long long)s->deadline,
			 (unsigned long long)s->period);
	if (process->io_priority.set)
		buf_addf(out, "io priority: class %d level %d\n", process->io_priority.class,
			 process->io_priority.priority);
	put_text(out, "initial cpus", process->affinity.initial);
	put_text(out, "final cpus", process->affinity.final);
}

static void put_process(struct buf *out, const struct spec_process *process)
{
	put_list(out, "arg", &process->args);
	put_list(out, "env", &process->env);
	put_text(out, "cwd", process->cwd);
	put_flag(out, "terminal", process->terminal);
	if (process->console_height != 0)
		buf_addf(out, "console: %u x %u\n", process->console_height,
			 process->console_width);
	put_user(out, &process->user);
	put_rights(out, process);
	if (process->set_oom_score_adj)
		buf_addf(out, "oom score: %d\n", process->oom_score_adj);
	put_scheduling(out, process);
}

static void put_mappings(struct buf *out, const char *key, const struct idmap *map)
{
	for (size_t i = 0; i < map->n; i++)
		buf_addf(out, "%s: %u %u %u\n", key, map->v[i].inside, map->v[i].outside,
			 map->v[i].count);
}

static void put_mount(struct buf *out, const struct spec_mount *mount)
{
	AUTO(strvec) options = STRVEC_INIT;

	mount_options_list(mount, &options);
	buf_addf(out, "mount %s on %s: %s", mount->source != NULL ? mount->source : "-",
		 mount->destination, mount->type);
	for (size_t i = 0; i < options.n; i++)
		buf_addf(out, " %s", options.v[i]);
	for (size_t i = 0; i < mount->before.n; i++)
		buf_addf(out, ", first 0x%lx", mount->before.v[i]);
	buf_addf(out, "%s%s%s\n", mount->idmap_recursive ? ", mapped recursively" : "",
		 mount->remount ? ", a remount" : "",
		 mount->like_target ? ", like its target" : "");
	put_mappings(out, "  uid", &mount->idmaps.uid);
	put_mappings(out, "  gid", &mount->idmaps.gid);
}

static void put_devices(struct buf *out, const struct spec *spec)
{
	for (size_t i = 0; i < spec->devices.n; i++) {
		const struct spec_device *device = &spec->devices.v[i];

		buf_addf(out, "device %s: %c %u:%u 0%o %u:%u\n", device->path, device->type,
			 device->major, device->minor, device->mode, device->uid, device->gid);
	}
}

static void put_clocks(struct buf *out, const struct spec *spec)
{
	static const char *const names[CLOCK_KIND_MAX] = { "monotonic", "boottime" };

	for (size_t i = 0; i < CLOCK_KIND_MAX; i++)
		if (spec->clocks[i].set)
			buf_addf(out, "%s: %lld s %u ns\n", names[i],
				 (long long)spec->clocks[i].secs, spec->clocks[i].nanosecs);
}

static void put_execution(struct buf *out, const struct spec *spec)
{
	if (spec->personality.set)
		buf_addf(out, "personality: 0x%lx\n", spec->personality.domain);
	if (spec->memory_policy.set)
		buf_addf(out, "memory policy: 0x%x\n", (unsigned int)spec->memory_policy.mode);
	put_text(out, "memory nodes", spec->memory_policy.nodes);
	for (size_t i = 0; i < spec->net_devices.n; i++) {
		put_text(out, "interface", spec->net_devices.v[i].name);
		put_text(out, "  renamed", spec->net_devices.v[i].rename);
	}
}

static void put_namespaces(struct buf *out, const struct spec *spec)
{
	for (int kind = 0; kind < NS_MAX; kind++) {
		if (spec->ns[kind].mode == NS_NEW)
			buf_addf(out, "namespace: %s\n", ns_table[kind].type);
		if (spec->ns[kind].mode == NS_JOIN)
			buf_addf(out, "namespace: %s at %s\n", ns_table[kind].type,
				 spec->ns[kind].path);
	}
	put_mappings(out, "uid", &spec->idmaps.uid);
	put_mappings(out, "gid", &spec->idmaps.gid);
	put_clocks(out, spec);
}

static void put_throttles(struct buf *out, const char *key, const struct spec_throttles *list)
{
	for (size_t i = 0; i < list->n; i++)
		buf_addf(out, "%s: %u:%u %llu\n", key, list->v[i].major, list->v[i].minor,
			 (unsigned long long)list->v[i].rate);
}

static void put_resources(struct buf *out, const struct spec_resources *r)
{
	put_limit(out, "memory limit", r->memory_limit);
	put_limit(out, "memory swap", r->memory_swap);
	put_limit(out, "memory reservation", r->memory_reservation);
	put_limit(out, "cpu shares", r->cpu_shares);
	put_limit(out, "cpu quota", r->cpu_quota);
	put_limit(out, "cpu period", r->cpu_period);
	put_text(out, "cpus", r->cpuset_cpus);
	put_text(out, "mems", r->cpuset_mems);
	put_limit(out, "pids limit", r->pids_limit);
	put_limit(out, "blkio weight", r->blkio_weight);
	put_throttles(out, "read bps", &r->read_bps);
	put_throttles(out, "write bps", &r->write_bps);
	put_throttles(out, "read iops", &r->read_iops);
	put_throttles(out, "write iops", &r->write_iops);
	put_keyvalues(out, "unified", &r->unified);
	for (size_t i = 0; i < r->devices.n; i++) {
		const struct spec_device_rule *rule = &r->devices.v[i];

		buf_addf(out, "%s: %c %lld:%lld %s\n", rule->allow ? "allow" : "deny", rule->type,
			 (long long)rule->major, (long long)rule->minor, rule->access);
	}
}

/* What cgroup v1 alone has, and newer limits. */
static void put_more_resources(struct buf *out, const struct spec_resources *r)
{
	put_limit(out, "cpu burst", r->cpu_burst);
	put_limit(out, "cpu idle", r->cpu_idle);
	put_limit(out, "cpu realtime runtime", r->cpu_rt_runtime);
	put_limit(out, "cpu realtime period", r->cpu_rt_period);
	put_limit(out, "memory tcp", r->memory_tcp);
	put_limit(out, "memory swappiness", r->memory_swappiness);
	put_limit(out, "memory hierarchy", r->memory_hierarchy);
	put_flag(out, "no oom killer", r->oom_kill_disable);
	put_flag(out, "memory check", r->memory_check);
	put_limit(out, "blkio leaf weight", r->blkio_leaf_weight);
	put_limit(out, "network class", r->net_class);
	for (size_t i = 0; i < r->weights.n; i++) {
		buf_addf(out, "device %u:%u\n", r->weights.v[i].major, r->weights.v[i].minor);
		put_limit(out, "  weight", r->weights.v[i].weight);
		put_limit(out, "  leaf weight", r->weights.v[i].leaf_weight);
	}
	for (size_t i = 0; i < r->hugepages.n; i++)
		buf_addf(out, "pages of %s: %llu\n", r->hugepages.v[i].size,
			 (unsigned long long)r->hugepages.v[i].limit);
	for (size_t i = 0; i < r->rdma.n; i++) {
		put_text(out, "rdma", r->rdma.v[i].device);
		put_limit(out, "  handles", r->rdma.v[i].handles);
		put_limit(out, "  objects", r->rdma.v[i].objects);
	}
	for (size_t i = 0; i < r->priorities.n; i++)
		buf_addf(out, "priority on %s: %u\n", r->priorities.v[i].interface,
			 r->priorities.v[i].priority);
}

static void put_rdt(struct buf *out, const struct spec_rdt *rdt)
{
	put_flag(out, "rdt", rdt->given);
	put_text(out, "  class", rdt->clos);
	put_text(out, "  cache", rdt->l3_cache);
	put_text(out, "  bandwidth", rdt->mem_bw);
	put_list(out, "  schemata", &rdt->schemata);
	put_flag(out, "  monitoring", rdt->monitoring);
}

static void put_hooks(struct buf *out, const struct spec_hooks *hooks)
{
	for (int kind = 0; kind < HOOK_MAX; kind++)
		for (size_t i = 0; i < hooks->of[kind].n; i++) {
			const struct spec_hook *hook = &hooks->of[kind].v[i];

			put_text(out, hook_name((enum hook_kind)kind), hook->path);
			put_list(out, "  arg", &hook->args);
			put_list(out, "  env", &hook->env);
			if (hook->timeout != 0)
				buf_addf(out, "  timeout: %lld\n", (long long)hook->timeout);
		}
}

static void put_seccomp(struct buf *out, const struct spec_seccomp *seccomp)
{
	put_text(out, "seccomp", seccomp->profile);
	if (seccomp->has_flags)
		buf_addf(out, "seccomp flags: 0x%x\n", seccomp->flags);
	put_text(out, "listener", seccomp->listener_path);
	put_text(out, "listener metadata", seccomp->listener_metadata);
}

static void put_spec(struct buf *out, const struct spec *spec)
{
	put_text(out, "root", spec->root.path);
	put_flag(out, "root read-only", spec->root.readonly);
	if (spec->root.propagation != 0)
		buf_addf(out, "root propagation: 0x%lx\n", spec->root.propagation);
	put_process(out, &spec->process);
	put_text(out, "hostname", spec->hostname);
	put_text(out, "domainname", spec->domainname);
	for (size_t i = 0; i < spec->mounts.n; i++)
		put_mount(out, &spec->mounts.v[i]);
	put_devices(out, spec);
	put_namespaces(out, spec);
	put_text(out, "cgroup", spec->cgroup.path);
	put_resources(out, &spec->cgroup.resources);
	put_more_resources(out, &spec->cgroup.resources);
	put_rdt(out, &spec->rdt);
	put_seccomp(out, &spec->seccomp);
	put_keyvalues(out, "sysctl", &spec->sysctl);
	put_keyvalues(out, "annotation", &spec->annotations);
	put_list(out, "masked", &spec->masked_paths);
	put_list(out, "read-only", &spec->readonly_paths);
	put_text(out, "mount label", spec->mount_label);
	put_execution(out, spec);
	put_hooks(out, &spec->hooks);
	put_list(out, "warning", &spec->warnings);
}

/* As far as it goes without a container: the rules of a filter are read by their compiler. */
static int read_bundle(const char *bytes, size_t len, struct spec *spec)
{
	TRY(bundleconfig_read(bytes, len, BUNDLE, spec));
	return seccomp_compile_part(NULL, spec);
}

static int render_document(const struct buf *in, struct buf *out)
{
	AUTO(spec) spec;

	spec_init(&spec);
	TRY(read_bundle(in->data, in->len, &spec));
	put_spec(out, &spec);
	return 0;
}

/* --- lists of changes -------------------------------------------------------------------- */

static void read_minimal(struct buf *text)
{
	assert_int_equal(fs_read_file(AT_FDCWD, TEST_DATA "/bundle/minimal.in", MAX_CONFIG, text),
			 0);
}

/* One step of a path: the child, made where it is missing. */
static cJSON *step(cJSON *at, const char *key)
{
	cJSON *child = cJSON_IsArray(at) ? cJSON_GetArrayItem(at, atoi(key))
					 : cJSON_GetObjectItemCaseSensitive(at, key);

	return child != NULL ? child : cJSON_AddObjectToObject(at, key);
}

/* "a.b.c = JSON". The text of the value stays as it is: its numbers are larger than a double's. */
static void change(cJSON *config, const char *line)
{
	const char *equals = strchr(line, '=');
	AUTO(strvec) keys = STRVEC_INIT;
	autofree char *path = NULL;
	const char *last;
	cJSON *at = config;

	assert_non_null(equals);
	path = xstrndup(line, (size_t)(equals - line) - 1);
	strvec_split(&keys, path, '.');
	for (size_t i = 0; i + 1 < keys.n; i++)
		at = step(at, keys.v[i]);
	last = keys.v[keys.n - 1];
	if (strcmp(last, "+") == 0) {
		cJSON_AddItemToArray(at, cJSON_CreateRaw(equals + 2));
		return;
	}
	if (cJSON_IsArray(at)) {
		cJSON_ReplaceItemInArray(at, atoi(last), cJSON_CreateRaw(equals + 2));
		return;
	}
	cJSON_DeleteItemFromObjectCaseSensitive(at, last);
	if (equals[1] != '\0')
		cJSON_AddItemToObject(at, last, cJSON_CreateRaw(equals + 2));
}

/* Does the error have all parts of the property's path, in their order? */
static bool names_property(const char *property)
{
	AUTO(strvec) keys = STRVEC_INIT;
	const char *at = err_text();

	strvec_split(&keys, property, '.');
	for (size_t i = 0; i < keys.n; i++) {
		at = strstr(at, keys.v[i]);
		if (at == NULL)
			return false;
		at += strlen(keys.v[i]);
	}
	return true;
}

/* The document is refused, and the error names the property of the case's head. */
static bool is_refused(const char *head, const cJSON *config, struct buf *out)
{
	autofree char *property = xstrndup(head + 3, strcspn(head + 3, ":"));
	char *text = cJSON_PrintUnformatted(config);
	AUTO(spec) spec;
	int rc;

	spec_init(&spec);
	err_clear();
	rc = read_bundle(text, strlen(text), &spec);
	cJSON_free(text);
	buf_addf(out, "%s\n%s\n", head, rc < 0 ? err_text() : "is taken");
	if (rc < 0 && names_property(property))
		return true;
	print_error("%s: %s\n", head, rc < 0 ? err_text() : "is taken");
	return false;
}

static int render_changes(const struct buf *in, struct buf *out)
{
	AUTO(strvec) lines = STRVEC_INIT;
	AUTO(buf) minimal = BUF_INIT;
	size_t cases = 0, refused = 0;

	read_minimal(&minimal);
	strvec_split(&lines, in->data, '\n');
	for (size_t i = 0; i < lines.n;) {
		cJSON *config = cJSON_Parse(minimal.data);
		const char *head = lines.v[i++];

		assert_memory_equal(head, "== ", 3);
		for (; i < lines.n && lines.v[i][0] != '\0'; i++)
			change(config, lines.v[i]);
		while (i < lines.n && lines.v[i][0] == '\0')
			i++;
		cases++;
		refused += is_refused(head, config, out) ? 1 : 0;
		cJSON_Delete(config);
	}
	return refused == cases ? refuse("all %zu are refused", cases) : 0;
}

static int render(const struct buf *in, struct buf *out)
{
	bool changes = strncmp(in->data, "== ", 3) == 0;

	return changes ? render_changes(in, out) : render_document(in, out);
}

static void test_data(void **state)
{
	data_check("bundle", render);
}

/* --- nothing is passed over ---------------------------------------------------------------- */

/* Takes away what the file is named after ("linux.resources.pids.limit-unlimited.in"), as far down
 * as objects go. */
static void remove_property(cJSON *config, const char *path)
{
	const char *base = strrchr(path, '/') + 1;
	autofree char *property = xstrndup(
		base, strcspn(base, "-") < strlen(base) ? strcspn(base, "-") : strlen(base) - 3);
	AUTO(strvec) keys = STRVEC_INIT;
	cJSON *at = config, *child;
	size_t i = 0;

	strvec_split(&keys, property, '.');
	child = cJSON_GetObjectItemCaseSensitive(at, keys.v[0]);
	while (cJSON_IsObject(child) && i + 1 < keys.n &&
	       cJSON_HasObjectItem(child, keys.v[i + 1])) {
		at = child;
		child = cJSON_GetObjectItemCaseSensitive(at, keys.v[++i]);
	}
	cJSON_DeleteItemFromObjectCaseSensitive(at, keys.v[i]);
}

/* The same document without the property means something else, or is none; for those that are
 * ignored, it means what minimal.in does. */
static bool is_passed_over(const char *path, const char *plain)
{
	bool ignored = strstr(path, "/ignored-") != NULL;
	AUTO(buf) in = BUF_INIT, whole = BUF_INIT, part = BUF_INIT, out = BUF_INIT;
	autojson cJSON *config = NULL;

	assert_int_equal(fs_read_file(AT_FDCWD, path, MAX_CONFIG, &in), 0);
	assert_int_equal(json_parse(in.data, in.len, path, &config), 0);
	assert_int_equal(render_document(&in, &whole), 0);
	if (ignored)
		return strcmp(whole.data, plain) != 0;
	remove_property(config, path);
	json_print(config, false, &part);
	return render_document(&part, &out) >= 0 && strcmp(out.data, whole.data) == 0;
}

static void test_every_property_counts(void **state)
{
	AUTO(buf) minimal = BUF_INIT, plain = BUF_INIT;
	glob_t found;
	int bad = 0;

	read_minimal(&minimal);
	assert_int_equal(render_document(&minimal, &plain), 0);
	assert_int_equal(glob(TEST_DATA "/bundle/*.in", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *path = found.gl_pathv[i];

		/* What is empty is as good as missing. */
		if (strstr(path, "/should-fail-") != NULL || strstr(path, "/minimal.in") != NULL ||
		    strstr(path, "-missing.in") != NULL || strstr(path, "-empty.in") != NULL ||
		    !is_passed_over(path, plain.data))
			continue;
		print_error("%s is passed over, or is not\n", path);
		bad++;
	}
	globfree(&found);
	assert_int_equal(bad, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_data),
		cmocka_unit_test(test_every_property_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
