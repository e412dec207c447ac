/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "oci/features.h"

#include "base/err.h"
#include "box/cgroup.h"
#include "box/seccomp.h"
#include "box/sysprofile.h"
#include "spec/bundleconfig.h"
#include "spec/hook.h"
#include "spec/names.h"
#include "spec/syscallnames.h"
#include "spec/tuning.h"

static void add_hooks(cJSON *json)
{
	cJSON *array = json_add_array(json, "hooks");

	for (int kind = 0; kind < HOOK_MAX; kind++)
		json_push_string(array, hook_name((enum hook_kind)kind));
}

static void add_mount_options(cJSON *json)
{
	cJSON *array = json_add_array(json, "mountOptions");

	for (size_t i = 0; mount_option_name(i) != NULL; i++)
		json_push_string(array, mount_option_name(i));
}

static void add_namespaces(cJSON *json)
{
	cJSON *array = json_add_array(json, "namespaces");

	for (int kind = 0; kind < NS_MAX; kind++)
		json_push_string(array, ns_table[kind].type);
}

static void add_capabilities(cJSON *json)
{
	cJSON *array = json_add_array(json, "capabilities");

	for (int cap = 0; cap_name(cap) != NULL; cap++)
		json_push_string(array, cap_name(cap));
}

static void add_cgroup(cJSON *json)
{
	cJSON *object = json_add_object(json, "cgroup");
	bool systemd = cgroup_has_driver("cgroupsd");

	json_add_bool(object, "v1", cgroup_has_driver("cgroup1"));
	json_add_bool(object, "v2", cgroup_has_driver("cgroup2"));
	json_add_bool(object, "systemd", systemd);
	json_add_bool(object, "systemdUser", systemd);
	json_add_bool(object, "rdma", true);
}

static void add_flags(cJSON *object)
{
	cJSON *known = json_add_array(object, "knownFlags");
	cJSON *supported = json_add_array(object, "supportedFlags");

	for (const struct syscall_flag *row = syscall_flags; row->name != NULL; row++) {
		json_push_string(known, row->name);
		if (seccomp_has_flag(row->flag))
			json_push_string(supported, row->name);
	}
}

static void add_seccomp(cJSON *json, bool enabled)
{
	cJSON *object = json_add_object(json, "seccomp"), *array;

	json_add_bool(object, "enabled", enabled);
	array = json_add_array(object, "actions");
	for (const struct syscall_action *row = syscall_actions; row->name != NULL; row++)
		json_push_string(array, row->name);
	array = json_add_array(object, "operators");
	for (const struct syscall_operator *row = syscall_operators; row->name != NULL; row++)
		json_push_string(array, row->name);
	array = json_add_array(object, "archs");
	for (const struct syscall_arch *row = syscall_arches; row->name != NULL; row++)
		json_push_string(array, row->name);
	add_flags(object);
}

static void add_memory_policy(cJSON *json)
{
	cJSON *object = json_add_object(json, "memoryPolicy");
	cJSON *modes = json_add_array(object, "modes"), *flags = json_add_array(object, "flags");

	for (size_t i = 0; memory_mode_name(i) != NULL; i++)
		json_push_string(modes, memory_mode_name(i));
	for (size_t i = 0; memory_flag_name(i) != NULL; i++)
		json_push_string(flags, memory_flag_name(i));
}

static cJSON *add_enabled(cJSON *json, const char *key, bool enabled)
{
	cJSON *object = json_add_object(json, key);

	json_add_bool(object, "enabled", enabled);
	return object;
}

static void add_linux(cJSON *json, bool seccomp)
{
	cJSON *object = json_add_object(json, "linux"), *rdt;

	add_namespaces(object);
	add_capabilities(object);
	add_cgroup(object);
	add_seccomp(object, seccomp);
	add_enabled(object, "apparmor", true);
	add_enabled(object, "selinux", true);
	rdt = add_enabled(object, "intelRdt", true);
	json_add_bool(rdt, "schemata", true);
	json_add_bool(rdt, "monitoring", true);
	add_memory_policy(object);
	add_enabled(json_add_object(object, "mountExtensions"), "idmap", true);
	add_enabled(object, "netDevices", true);
}

cJSON *features_document(void)
{
	cJSON *json = json_object(), *annotations;
	char version[32];
	bool seccomp = sysprofile_version(version, sizeof(version)) >= 0;

	json_add_string(json, "ociVersionMin", BUNDLE_VERSION_MIN);
	json_add_string(json, "ociVersionMax", BUNDLE_VERSION_MAX);
	add_hooks(json);
	add_mount_options(json);
	add_linux(json, seccomp);
	annotations = json_add_object(json, "annotations");
	if (seccomp)
		json_add_string(annotations, "io.github.seccomp.libseccomp.version", version);
	else
		err_clear();
	json_add_string(annotations, "org.berth.version", BERTH_VERSION);
	/* The name that engines ask for, whoever the runtime is. */
	json_add_string(annotations, "org.opencontainers.runc.checkpoint.enabled", "false");
	/* No annotation of a bundle changes anything. */
	json_add_array(json, "potentiallyUnsafeConfigAnnotations");
	return json;
}
