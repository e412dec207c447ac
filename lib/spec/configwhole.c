/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/config.h"

#include <string.h>

#include "base/bounds.h"
#include "base/err.h"
#include "spec/configextra.h"

/* The whole of a config.json that config_write() made: what configread.c leaves out. */

#define OURS "org.berth."

static int get_copy(const cJSON *object, const char *key, char **slot)
{
	const char *text = NULL;

	if (object == NULL)
		return 0;
	TRY(json_get_string(object, key, &text));
	if (text != NULL)
		xreplace(slot, text);
	return 0;
}

static int get_limit(const cJSON *object, const char *key, int64_t *ret_limit)
{
	return object != NULL ? json_get_int(object, key, -1, INT64_MAX, ret_limit) : 0;
}

static int get_char(const cJSON *object, const char *key, char *ret_char)
{
	const char *text = "";

	TRY(json_get_string(object, key, &text));
	if (strlen(text) != 1)
		return refuse("'%s' is one letter", key);
	*ret_char = text[0];
	return 0;
}

static int get_number(const cJSON *object, const char *key, unsigned int *ret_number)
{
	int64_t number = 0;

	TRY(json_get_int(object, key, 0, UINT32_MAX, &number));
	*ret_number = (unsigned int)number;
	return 0;
}

static int read_process(const cJSON *config, struct spec_process *to)
{
	const cJSON *process = NULL;

	TRY(json_get_object(config, "process", &process));
	strvec_release(&to->args);
	TRY(json_get_strings(process, "args", &to->args));
	return json_get_bool(process, "terminal", &to->terminal);
}

static int read_device(const cJSON *from, struct spec_device *device)
{
	TRY(get_copy(from, "path", &device->path));
	if (device->path == NULL)
		return refuse("a device has no path");
	TRY(get_char(from, "type", &device->type));
	TRY(get_number(from, "major", &device->major));
	TRY(get_number(from, "minor", &device->minor));
	TRY(get_number(from, "fileMode", &device->mode));
	TRY(get_number(from, "uid", &device->uid));
	return get_number(from, "gid", &device->gid);
}

static int read_devices(const cJSON *object, struct spec *spec)
{
	const cJSON *array = NULL, *item;

	TRY(json_get_array(object, "devices", &array));
	cJSON_ArrayForEach(item, array) TRY(read_device(item, VEC_PUSH(&spec->devices)));
	return 0;
}

static int read_rules(const cJSON *object, struct spec_resources *to)
{
	const cJSON *array = NULL, *item;

	TRY(json_get_array(object, "devices", &array));
	cJSON_ArrayForEach(item, array)
	{
		struct spec_device_rule rule = { .major = -1, .minor = -1 };
		const char *access = "";

		TRY(json_get_bool(item, "allow", &rule.allow));
		TRY(get_char(item, "type", &rule.type));
		TRY(json_get_int(item, "major", 0, UINT32_MAX, &rule.major));
		TRY(json_get_int(item, "minor", 0, UINT32_MAX, &rule.minor));
		TRY(json_get_string(item, "access", &access));
		if (strlen(access) >= sizeof(rule.access))
			return refuse("'%s' is no access to a device", access);
		snprintf(rule.access, sizeof(rule.access), "%s", access);
		*VEC_PUSH(&to->devices) = rule;
	}
	return 0;
}

static int read_throttles(const cJSON *block_io, const char *key, struct spec_throttles *to)
{
	const cJSON *array = NULL, *item;

	TRY(json_get_array(block_io, key, &array));
	cJSON_ArrayForEach(item, array)
	{
		struct spec_throttle throttle = { 0 };

		TRY(get_number(item, "major", &throttle.major));
		TRY(get_number(item, "minor", &throttle.minor));
		TRY(json_get_u64(item, "rate", UINT64_MAX, &throttle.rate));
		*VEC_PUSH(to) = throttle;
	}
	return 0;
}

static int read_keyvalues(const cJSON *object, const char *key, struct spec_keyvalues *to)
{
	const cJSON *map = NULL, *item;

	TRY(json_get_object(object, key, &map));
	cJSON_ArrayForEach(item, map)
	{
		const char *text;

		TRY(json_string(item, key, &text));
		keyvalues_add(to, item->string, text);
	}
	return 0;
}

static int read_block_io(const cJSON *resources, struct spec_resources *to)
{
	const cJSON *block_io = NULL;

	TRY(json_get_object(resources, "blockIO", &block_io));
	if (block_io == NULL)
		return 0;
	TRY(get_limit(block_io, "weight", &to->blkio_weight));
	TRY(read_throttles(block_io, "throttleReadBpsDevice", &to->read_bps));
	TRY(read_throttles(block_io, "throttleWriteBpsDevice", &to->write_bps));
	TRY(read_throttles(block_io, "throttleReadIOPSDevice", &to->read_iops));
	return read_throttles(block_io, "throttleWriteIOPSDevice", &to->write_iops);
}

static int read_resources(const cJSON *object, struct spec_resources *to)
{
	const cJSON *resources = NULL, *memory = NULL, *cpu = NULL, *pids = NULL;

	TRY(json_get_object(object, "resources", &resources));
	if (resources == NULL)
		return 0;
	TRY(json_get_object(resources, "memory", &memory));
	TRY(json_get_object(resources, "cpu", &cpu));
	TRY(json_get_object(resources, "pids", &pids));
	TRY(get_limit(memory, "limit", &to->memory_limit));
	TRY(get_limit(memory, "swap", &to->memory_swap));
	TRY(get_limit(memory, "reservation", &to->memory_reservation));
	TRY(get_limit(cpu, "shares", &to->cpu_shares));
	TRY(get_limit(cpu, "quota", &to->cpu_quota));
	TRY(get_limit(cpu, "period", &to->cpu_period));
	TRY(get_copy(cpu, "cpus", &to->cpuset_cpus));
	TRY(get_copy(cpu, "mems", &to->cpuset_mems));
	TRY(get_limit(pids, "limit", &to->pids_limit));
	TRY(read_block_io(resources, to));
	TRY(read_rules(resources, to));
	return read_keyvalues(resources, "unified", &to->unified);
}

static int read_linux(const cJSON *config, struct spec *spec)
{
	const cJSON *object = NULL;

	TRY(json_get_object(config, "linux", &object));
	TRY(read_devices(object, spec));
	TRY(get_copy(object, "cgroupsPath", &spec->cgroup.path));
	TRY(read_resources(object, &spec->cgroup.resources));
	TRY(read_keyvalues(object, "sysctl", &spec->sysctl));
	TRY(json_get_strings(object, "maskedPaths", &spec->masked_paths));
	return json_get_strings(object, "readonlyPaths", &spec->readonly_paths);
}

static int read_annotations(const cJSON *config, struct spec *spec)
{
	const cJSON *map = NULL, *item;
	const char *text, *extra = NULL;

	TRY(json_get_object(config, "annotations", &map));
	cJSON_ArrayForEach(item, map)
	{
		TRY(json_string(item, "annotations", &text));
		if (strncmp(item->string, OURS, strlen(OURS)) != 0)
			keyvalues_add(&spec->annotations, item->string, text);
		else if (strcmp(item->string, OURS "stdin") == 0)
			spec->process.stdin_null = true;
		else if (strcmp(item->string, OURS "init") == 0)
			spec->process.init = true;
		else if (strcmp(item->string, CONFIG_EXTRA) == 0)
			extra = text;
	}
	if (extra == NULL)
		return refuse("'annotations." CONFIG_EXTRA "' is missing");
	return fail_in(config_extra_read(extra, strlen(extra), spec), CONFIG_EXTRA);
}

static int read_rest(const cJSON *config, struct spec *spec)
{
	const cJSON *root = NULL;

	TRY(read_process(config, &spec->process));
	TRY(json_get_object(config, "root", &root));
	TRY(json_get_bool(root, "readonly", &spec->root.readonly));
	TRY(get_copy(config, "hostname", &spec->hostname));
	TRY(get_copy(config, "domainname", &spec->domainname));
	TRY(read_linux(config, spec));
	return read_annotations(config, spec);
}

int config_read_whole(const char *bytes, size_t len, struct spec *ret_spec)
{
	autojson cJSON *config = NULL;
	AUTO(spec) spec;

	spec_init(&spec);
	TRY(config_read(bytes, len, &spec));
	TRY(json_parse(bytes, len, "config.json", &config));
	TRY(fail_in(read_rest(config, &spec), "config.json"));
	*ret_spec = spec;
	spec_init(&spec);
	return 0;
}
