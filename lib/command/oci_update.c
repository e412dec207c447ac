/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include "base/err.h"
#include "base/out.h"
#include "command/ociverb.h"
#include "oci/update.h"
#include "spec/resources.h"

struct update_request {
	struct ociverb verb;
	struct runtime_update update;
	struct strvec remarks;
};

#define AT(field) offsetof(struct update_request, update.field)
#define MAX INT64_MAX

static const struct opt options[] = {
	{ "resources", 'r', OPT_STRING, AT(resources), "FILE",
	  "take all of it from FILE (- is standard input), as linux.resources of a config.json",
	  .values = VALUES_FILE },
	{ "memory", 0, OPT_SIZE, AT(memory), "SIZE", "memory limit; -1: none" },
	{ "memory-swap", 0, OPT_SIZE, AT(memory_swap), "SIZE",
	  "limit of memory and swap together; -1: no limit of swap" },
	{ "memory-reservation", 0, OPT_SIZE, AT(memory_reservation), "SIZE",
	  "memory that is left to it where it gets scarce" },
	{ "kernel-memory", 0, OPT_IGNORED, offsetof(struct update_request, remarks), "SIZE",
	  "kernels have no such limit: its memory counts as the rest does", OPT_HIDDEN },
	{ "kernel-memory-tcp", 0, OPT_IGNORED, offsetof(struct update_request, remarks), "SIZE",
	  "kernels have no such limit: its memory counts as the rest does", OPT_HIDDEN },
	{ "cpu-share", 0, OPT_INT, AT(cpu_shares), "N", "relative weight", .max = MAX },
	{ "cpu-quota", 0, OPT_INT, AT(cpu_quota), "USEC", "CPU time in each period; -1: all",
	  .min = -1, .max = MAX },
	{ "cpu-period", 0, OPT_INT, AT(cpu_period), "USEC", "length of a period", .max = MAX },
	{ "cpu-burst", 0, OPT_INT, AT(cpu_burst), "USEC",
	  "CPU time that may be saved up for a later period", .max = MAX },
	{ "cpu-rt-period", 0, OPT_INT, AT(cpu_rt_period), "USEC",
	  "length of a period of realtime processes", .max = MAX },
	{ "cpu-rt-runtime", 0, OPT_INT, AT(cpu_rt_runtime), "USEC",
	  "CPU time of realtime processes in each", .min = -1, .max = MAX },
	{ "cpu-idle", 0, OPT_INT, AT(cpu_idle), "0|1", "1: run when nothing else wants to",
	  .max = 1 },
	{ "cpuset-cpus", 0, OPT_STRING, AT(cpuset_cpus), "LIST", "processors: 0-2,5" },
	{ "cpuset-mems", 0, OPT_STRING, AT(cpuset_mems), "LIST", "memory nodes" },
	{ "blkio-weight", 0, OPT_INT, AT(blkio_weight), "N", "weight of block I/O, 10 to 1000",
	  .max = 1000 },
	{ "pids-limit", 0, OPT_INT, AT(pids_limit), "N", "number of processes; -1: no limit",
	  .min = -1, .max = MAX },
	{ "l3-cache-schema", 0, OPT_STRING, AT(l3_cache_schema), "SCHEMA",
	  "share of the L3 cache (Intel RDT)" },
	{ "mem-bw-schema", 0, OPT_STRING, AT(mem_bw_schema), "SCHEMA",
	  "share of the memory bandwidth (Intel RDT)" },
	OPT_END,
};

static void init(void *data)
{
	struct runtime_update *update = &((struct update_request *)data)->update;
	int64_t *const numbers[] = {
		&update->blkio_weight,  &update->cpu_period,         &update->cpu_quota,
		&update->cpu_burst,     &update->cpu_shares,         &update->cpu_idle,
		&update->cpu_rt_period, &update->cpu_rt_runtime,     &update->memory,
		&update->memory_swap,   &update->memory_reservation, &update->pids_limit,
	};

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		*numbers[i] = LIMIT_NONE;
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct update_request *request = data;
	AUTO(runtime) runtime = { 0 };

	for (size_t i = 0; i < request->remarks.n; i++)
		out_note("%s", request->remarks.v[i]);
	TRY(ociverb_runtime(host, &request->verb, &runtime));
	return runtime_update(&runtime, &request->update, operands->v[0]);
}

const struct command command_oci_update = {
	.name = "oci update",
	.synopsis = "[OPTIONS] CONTAINER",
	.summary = "Change the limits of a container",
	.options = (const struct opt *const[]){ options, ociverb_hidden, NULL },
	.request_size = sizeof(struct update_request),
	.init = init,
	.operands_min = 1,
	.operands_max = 1,
	.run = run,
};
