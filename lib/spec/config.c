/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/config.h"

#include <stdio.h>
#include <sys/mount.h>

#include "spec/configextra.h"
#include "spec/names.h"

#define OCI_VERSION "1.0.2"

static void add_caps(cJSON *process, const struct spec_caps *caps)
{
	const struct {
		const char *name;
		uint64_t set;
	} sets[] = {
		{ "bounding", caps->bounding },   { "effective", caps->effective },
		{ "permitted", caps->permitted }, { "inheritable", caps->inheritable },
		{ "ambient", caps->ambient },
	};
	cJSON *object = json_add_object(process, "capabilities");

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		cJSON *names = json_add_array(object, sets[i].name);

		for (int cap = 0; cap < CAP_COUNT; cap++)
			if ((sets[i].set >> cap & 1) != 0)
				json_push_string(names, cap_name(cap));
	}
}

/* RLIM_INFINITY does not fit the double that cJSON keeps; a raw number does. */
static void add_u64(cJSON *object, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	cJSON_AddRawToObject(object, key, text);
}

static void add_rlimits(cJSON *process, const struct spec_process *from)
{
	cJSON *array = from->rlimits.n != 0 ? json_add_array(process, "rlimits") : NULL;

	for (size_t i = 0; i < from->rlimits.n; i++) {
		cJSON *limit = json_object();

		json_add_string(limit, "type", rlimit_name(from->rlimits.v[i].resource));
		add_u64(limit, "hard", from->rlimits.v[i].hard);
		add_u64(limit, "soft", from->rlimits.v[i].soft);
		json_push(array, limit);
	}
}

static void add_user(cJSON *process, const struct spec_user *user)
{
	cJSON *object = json_add_object(process, "user");

	json_add_int(object, "uid", user->uid);
	json_add_int(object, "gid", user->gid);
	json_add_int(object, "umask", user->umask);
}

static void add_process(cJSON *config, const struct spec_process *from)
{
	cJSON *process = json_add_object(config, "process");

	json_add_bool(process, "terminal", from->terminal);
	add_user(process, &from->user);
	json_add_strings(process, "args", &from->args);
	json_add_strings(process, "env", &from->env);
	json_add_string(process, "cwd", from->cwd != NULL ? from->cwd : "/");
	add_caps(process, &from->caps);
	add_rlimits(process, from);
	json_add_bool(process, "noNewPrivileges", from->no_new_privileges);
	json_add_string(process, "apparmorProfile", from->apparmor_profile);
	json_add_string(process, "selinuxLabel", from->selinux_label);
	if (from->set_oom_score_adj)
		json_add_int(process, "oomScoreAdj", from->oom_score_adj);
}

/* An overlay's layers as the options that mount(8) knows. */
static void push_overlay_options(const struct strvec *lower, const char *upper, const char *work,
				 struct strvec *out)
{
	AUTO(buf) option = BUF_INIT;

	buf_add_str(&option, "lowerdir=");
	for (size_t i = 0; i < lower->n; i++)
		buf_addf(&option, "%s%s", i != 0 ? ":" : "", lower->v[i]);
	strvec_push(out, option.data);
	if (upper != NULL) {
		strvec_pushf(out, "upperdir=%s", upper);
		strvec_pushf(out, "workdir=%s", work);
	}
	strvec_push(out, "userxattr");
}

static void add_mounts(cJSON *config, const struct spec *spec)
{
	cJSON *array = json_add_array(config, "mounts");

	for (size_t i = 0; i < spec->mounts.n; i++) {
		const struct spec_mount *from = &spec->mounts.v[i];
		AUTO(strvec) options = STRVEC_INIT;
		cJSON *mount = json_object();

		mount_options_list(from, &options);
		if (from->lower.n != 0)
			push_overlay_options(&from->lower, from->upper, from->work, &options);
		json_add_string(mount, "destination", from->destination);
		json_add_string(mount, "type", from->type);
		json_add_string(mount, "source", from->source != NULL ? from->source : from->type);
		json_add_strings(mount, "options", &options);
		json_push(array, mount);
	}
}

static void add_mappings(cJSON *object, const char *key, const struct idmap *map)
{
	cJSON *array = map->n != 0 ? json_add_array(object, key) : NULL;

	for (size_t i = 0; i < map->n; i++) {
		cJSON *range = json_object();

		json_add_int(range, "containerID", map->v[i].inside);
		json_add_int(range, "hostID", map->v[i].outside);
		json_add_int(range, "size", map->v[i].count);
		json_push(array, range);
	}
}

static void add_namespaces(cJSON *object, const struct spec *spec)
{
	cJSON *array = json_add_array(object, "namespaces");

	for (int kind = 0; kind < NS_MAX; kind++) {
		cJSON *ns;

		if (spec->ns[kind].mode == NS_HOST)
			continue;
		ns = json_object();
		json_add_string(ns, "type", ns_table[kind].type);
		json_add_string(ns, "path", spec->ns[kind].path);
		json_push(array, ns);
	}
}

static void add_devices(cJSON *object, const struct spec *spec)
{
	cJSON *array = spec->devices.n != 0 ? json_add_array(object, "devices") : NULL;

	for (size_t i = 0; i < spec->devices.n; i++) {
		const struct spec_device *from = &spec->devices.v[i];
		cJSON *device = json_object();

		json_add_string(device, "path", from->path);
		json_add_string(device, "type", (const char[]){ from->type, '\0' });
		json_add_int(device, "major", from->major);
		json_add_int(device, "minor", from->minor);
		json_add_int(device, "fileMode", from->mode);
		json_add_int(device, "uid", from->uid);
		json_add_int(device, "gid", from->gid);
		json_push(array, device);
	}
}

static void add_limit(cJSON *object, const char *key, int64_t value)
{
	if (value != LIMIT_NONE)
		json_add_int(object, key, value);
}

static void add_device_rules(cJSON *resources, const struct spec_resources *from)
{
	cJSON *array = json_add_array(resources, "devices");

	for (size_t i = 0; i < from->devices.n; i++) {
		const struct spec_device_rule *rule = &from->devices.v[i];
		cJSON *object = json_object();

		json_add_bool(object, "allow", rule->allow);
		json_add_string(object, "type", (const char[]){ rule->type, '\0' });
		if (rule->major >= 0)
			json_add_int(object, "major", rule->major);
		if (rule->minor >= 0)
			json_add_int(object, "minor", rule->minor);
		json_add_string(object, "access", rule->access);
		json_push(array, object);
	}
}

static void add_throttles(cJSON *block_io, const char *key, const struct spec_throttles *from)
{
	cJSON *array = from->n != 0 ? json_add_array(block_io, key) : NULL;

	for (size_t i = 0; i < from->n; i++) {
		cJSON *object = json_object();

		json_add_int(object, "major", from->v[i].major);
		json_add_int(object, "minor", from->v[i].minor);
		add_u64(object, "rate", from->v[i].rate);
		json_push(array, object);
	}
}

static void add_keyvalues(cJSON *object, const char *key, const struct spec_keyvalues *list)
{
	cJSON *map = list->n != 0 ? json_add_object(object, key) : NULL;

	for (size_t i = 0; i < list->n; i++)
		json_add_string(map, list->v[i].key, list->v[i].value);
}

static void add_block_io(cJSON *resources, const struct spec_resources *from)
{
	cJSON *block_io = json_add_object(resources, "blockIO");

	add_limit(block_io, "weight", from->blkio_weight);
	add_throttles(block_io, "throttleReadBpsDevice", &from->read_bps);
	add_throttles(block_io, "throttleWriteBpsDevice", &from->write_bps);
	add_throttles(block_io, "throttleReadIOPSDevice", &from->read_iops);
	add_throttles(block_io, "throttleWriteIOPSDevice", &from->write_iops);
}

static void add_resources(cJSON *object, const struct spec_resources *from)
{
	cJSON *resources = json_add_object(object, "resources");
	cJSON *memory = json_add_object(resources, "memory");
	cJSON *cpu = json_add_object(resources, "cpu");

	add_limit(memory, "limit", from->memory_limit);
	add_limit(memory, "swap", from->memory_swap);
	add_limit(memory, "reservation", from->memory_reservation);
	add_limit(cpu, "shares", from->cpu_shares);
	add_limit(cpu, "quota", from->cpu_quota);
	add_limit(cpu, "period", from->cpu_period);
	json_add_string(cpu, "cpus", from->cpuset_cpus);
	json_add_string(cpu, "mems", from->cpuset_mems);
	if (from->pids_limit != LIMIT_NONE)
		json_add_int(json_add_object(resources, "pids"), "limit", from->pids_limit);
	add_block_io(resources, from);
	add_device_rules(resources, from);
	add_keyvalues(resources, "unified", &from->unified);
}

static const char *propagation_name(unsigned long propagation)
{
	static const struct {
		unsigned long flags;
		const char *name;
	} names[] = {
		{ MS_PRIVATE, "private" },       { MS_PRIVATE | MS_REC, "rprivate" },
		{ MS_SLAVE, "slave" },           { MS_SLAVE | MS_REC, "rslave" },
		{ MS_SHARED, "shared" },         { MS_SHARED | MS_REC, "rshared" },
		{ MS_UNBINDABLE, "unbindable" }, { MS_UNBINDABLE | MS_REC, "runbindable" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].flags == propagation)
			return names[i].name;
	return NULL;
}

static void add_linux(cJSON *config, const struct spec *spec)
{
	cJSON *object = json_add_object(config, "linux");

	add_namespaces(object, spec);
	add_mappings(object, "uidMappings", &spec->idmaps.uid);
	add_mappings(object, "gidMappings", &spec->idmaps.gid);
	add_devices(object, spec);
	json_add_string(object, "cgroupsPath", spec->cgroup.path);
	add_resources(object, &spec->cgroup.resources);
	add_keyvalues(object, "sysctl", &spec->sysctl);
	json_add_string(object, "rootfsPropagation", propagation_name(spec->root.propagation));
	json_add_strings(object, "maskedPaths", &spec->masked_paths);
	json_add_strings(object, "readonlyPaths", &spec->readonly_paths);
}

/* By name, or kept from the caller: an annotation each, because it is a text. */
static void add_groups(cJSON *map, const struct spec_user *user)
{
	for (size_t i = 0; i < user->groups.n; i++) {
		autofree char *key = xasprintf("org.berth.group.%zu", i);

		json_add_string(map, key, user->groups.v[i]);
	}
	if (user->keep_groups)
		json_add_string(map, "org.berth.groups", "keep");
}

/* What has no place in the specification. */
static void add_annotations(cJSON *config, const struct spec *spec)
{
	static const char *const kinds[] = {
		[ROOT_DIRECTORY] = "directory", [ROOT_OVERLAY] = "overlay", [ROOT_HOST] = "host"
	};
	static const char *const seccomp[] = { [SECCOMP_DEFAULT] = "default",
					       [SECCOMP_PROFILE] = "profile",
					       [SECCOMP_UNCONFINED] = "unconfined" };
	cJSON *map = json_add_object(config, "annotations");
	AUTO(strvec) overlay = STRVEC_INIT;
	AUTO(buf) extra = BUF_INIT;

	for (size_t i = 0; i < spec->annotations.n; i++)
		json_add_string(map, spec->annotations.v[i].key, spec->annotations.v[i].value);
	json_add_string(map, "org.berth.root", kinds[spec->root.kind]);
	if (spec->root.kind == ROOT_OVERLAY) {
		push_overlay_options(&spec->root.lower, spec->root.upper, spec->root.work,
				     &overlay);
		for (size_t i = 0; i < overlay.n; i++) {
			autofree char *key = xasprintf("org.berth.root.option.%zu", i);

			json_add_string(map, key, overlay.v[i]);
		}
	}
	json_add_string(map, "org.berth.user", spec->process.user.text);
	add_groups(map, &spec->process.user);
	json_add_string(map, "org.berth.seccomp", seccomp[spec->seccomp.mode]);
	json_add_string(map, "org.berth.seccomp.profile", spec->seccomp.profile_path);
	if (spec->seccomp.fake_owner)
		json_add_string(map, "org.berth.seccomp.owner", "fake");
	if (spec->privileged)
		json_add_string(map, "org.berth.privileged", "true");
	if (spec->process.stdin_null)
		json_add_string(map, "org.berth.stdin", "null");
	if (spec->process.init)
		json_add_string(map, "org.berth.init", "true");
	config_extra_write(spec, &extra);
	json_add_string(map, CONFIG_EXTRA, extra.data);
}

int config_write(const struct spec *spec, const char *rootfs_path, struct buf *out)
{
	autojson cJSON *config = json_object();
	cJSON *root;

	json_add_string(config, "ociVersion", OCI_VERSION);
	add_process(config, &spec->process);
	root = json_add_object(config, "root");
	json_add_string(root, "path", rootfs_path);
	json_add_bool(root, "readonly", spec->root.readonly);
	json_add_string(config, "hostname", spec->hostname);
	json_add_string(config, "domainname", spec->domainname);
	add_mounts(config, spec);
	add_linux(config, spec);
	add_annotations(config, spec);
	json_print(config, true, out);
	return 0;
}
