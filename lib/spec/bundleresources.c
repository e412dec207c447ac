/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/err.h"
#include "base/json.h"
#include "spec/bundlepart.h"
#include "spec/configpart.h"

static int read_memory(const cJSON *resources, struct spec_resources *to)
{
	const cJSON *memory = NULL;

	TRY(json_get_object(resources, "memory", &memory));
	TRY(config_get_limit(memory, "limit", &to->memory_limit));
	TRY(config_get_limit(memory, "swap", &to->memory_swap));
	return config_get_limit(memory, "reservation", &to->memory_reservation);
}

static int read_cpu(const cJSON *resources, struct spec_resources *to)
{
	const cJSON *cpu = NULL;

	TRY(json_get_object(resources, "cpu", &cpu));
	TRY(config_get_limit(cpu, "shares", &to->cpu_shares));
	TRY(config_get_limit(cpu, "quota", &to->cpu_quota));
	TRY(config_get_limit(cpu, "period", &to->cpu_period));
	TRY(config_get_copy(cpu, "cpus", &to->cpuset_cpus));
	return config_get_copy(cpu, "mems", &to->cpuset_mems);
}

int bundle_part_resources(const cJSON *resources, struct spec *spec)
{
	struct spec_resources *to = &spec->cgroup.resources;
	const cJSON *pids = NULL;

	TRY(read_memory(resources, to));
	TRY(read_cpu(resources, to));
	TRY(json_get_object(resources, "pids", &pids));
	TRY(config_get_limit(pids, "limit", &to->pids_limit));
	TRY(config_part_rules(resources, to));
	return config_part_keyvalues(resources, "unified", &to->unified);
}
