/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/config.h"

#include <string.h>

#include "base/bounds.h"
#include "base/err.h"
#include "spec/configextra.h"
#include "spec/configpart.h"

/* The whole of a config.json that config_write() made: what configread.c leaves out. */

#define OURS "org.berth."

static int read_process(const cJSON *config, struct spec_process *to)
{
	const cJSON *process = NULL;

	TRY(json_get_object(config, "process", &process));
	strvec_release(&to->args);
	TRY(json_get_strings(process, "args", &to->args));
	return json_get_bool(process, "terminal", &to->terminal);
}

static int read_block_io(const cJSON *resources, struct spec_resources *to)
{
	const cJSON *block_io = NULL;

	TRY(json_get_object(resources, "blockIO", &block_io));
	if (block_io == NULL)
		return 0;
	TRY(config_get_limit(block_io, "weight", &to->blkio_weight));
	TRY(config_part_throttles(block_io, "throttleReadBpsDevice", &to->read_bps));
	TRY(config_part_throttles(block_io, "throttleWriteBpsDevice", &to->write_bps));
	TRY(config_part_throttles(block_io, "throttleReadIOPSDevice", &to->read_iops));
	return config_part_throttles(block_io, "throttleWriteIOPSDevice", &to->write_iops);
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
	TRY(config_get_limit(memory, "limit", &to->memory_limit));
	TRY(config_get_limit(memory, "swap", &to->memory_swap));
	TRY(config_get_limit(memory, "reservation", &to->memory_reservation));
	TRY(config_get_limit(cpu, "shares", &to->cpu_shares));
	TRY(config_get_limit(cpu, "quota", &to->cpu_quota));
	TRY(config_get_limit(cpu, "period", &to->cpu_period));
	TRY(config_get_copy(cpu, "cpus", &to->cpuset_cpus));
	TRY(config_get_copy(cpu, "mems", &to->cpuset_mems));
	TRY(config_get_limit(pids, "limit", &to->pids_limit));
	TRY(read_block_io(resources, to));
	TRY(config_part_rules(resources, to));
	return config_part_keyvalues(resources, "unified", &to->unified);
}

static int read_linux(const cJSON *config, struct spec *spec)
{
	const cJSON *object = NULL;

	TRY(json_get_object(config, "linux", &object));
	TRY(config_part_devices(object, spec));
	TRY(config_get_copy(object, "cgroupsPath", &spec->cgroup.path));
	TRY(read_resources(object, &spec->cgroup.resources));
	TRY(config_part_keyvalues(object, "sysctl", &spec->sysctl));
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
	TRY(config_get_copy(config, "hostname", &spec->hostname));
	TRY(config_get_copy(config, "domainname", &spec->domainname));
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
