/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/cgknob.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/vec.h"

/* The default of --pids-limit, which is optional beside limits that were asked for. */
#define PIDS_DEFAULT 2048

#define CPU_PERIOD 100000

const struct controller_info controller_table[CONTROLLER_MAX] = {
	[CONTROLLER_CPU] = { "cpu", "cpu" },
	[CONTROLLER_CPUSET] = { "cpuset", "cpuset" },
	[CONTROLLER_DEVICES] = { "devices", NULL },
	[CONTROLLER_IO] = { "blkio", "io" },
	[CONTROLLER_MEMORY] = { "memory", "memory" },
	[CONTROLLER_PIDS] = { "pids", "pids" },
	[CONTROLLER_HUGETLB] = { "hugetlb", "hugetlb" },
	[CONTROLLER_MISC] = { NULL, "misc" },
	[CONTROLLER_RDMA] = { "rdma", "rdma" },
	[CONTROLLER_CORE] = { NULL, "cgroup" },
};

/* Takes ownership of value. */
static struct knob *knob_add(struct knobs *knobs, enum controller controller, const char *file,
			     char *value, const char *what)
{
	struct knob *knob = VEC_PUSH(knobs);

	knob->controller = controller;
	knob->file = xstrdup(file);
	knob->value = value;
	knob->what = what;
	return knob;
}

static char *number(int64_t value)
{
	return xasprintf("%" PRId64, value);
}

/* -1 and other negative ones are "max" in v2. */
static char *number_or_max(int64_t value)
{
	return value < 0 ? xstrdup("max") : number(value);
}

/* Swap alone, which v2 wants, from memory and swap together. */
static int swap_alone(const struct spec_resources *r, int64_t *ret_swap)
{
	if (r->memory_swap == LIMIT_NONE || r->memory_swap < 0) {
		*ret_swap = r->memory_swap;
		return 0;
	}
	if (r->memory_limit == LIMIT_NONE || r->memory_limit < 0) {
		refuse("a limit of memory and swap needs a memory limit as well");
		hint("give --memory with --memory-swap");
		return -EINVAL;
	}
	if (r->memory_swap < r->memory_limit)
		return refuse("the limit of memory and swap (%" PRId64
			      ") is below the memory limit (%" PRId64 ")",
			      r->memory_swap, r->memory_limit);
	*ret_swap = r->memory_swap - r->memory_limit;
	return 0;
}

/* Twice the memory is what --memory alone means: nobody asked for it, and not every kernel accounts
 * for swap. */
static bool swap_is_default(const struct spec_resources *r)
{
	return r->memory_limit > 0 && r->memory_swap / 2 == r->memory_limit;
}

static void optional_pids(const struct spec_resources *r, struct knobs *knobs)
{
	size_t others = knobs->n;
	struct knob *knob;

	if (r->pids_limit == LIMIT_NONE)
		return;
	knob = knob_add(knobs, CONTROLLER_PIDS, "pids.max",
			r->pids_limit <= 0 ? xstrdup("max") : number(r->pids_limit),
			"limit of processes");
	knob->optional = !r->asked || (others > 0 && r->pids_limit == PIDS_DEFAULT);
}

static void cpuset(const struct spec_resources *r, struct knobs *knobs)
{
	if (r->cpuset_cpus != NULL)
		knob_add(knobs, CONTROLLER_CPUSET, "cpuset.cpus", xstrdup(r->cpuset_cpus),
			 "set of processors");
	if (r->cpuset_mems != NULL)
		knob_add(knobs, CONTROLLER_CPUSET, "cpuset.mems", xstrdup(r->cpuset_mems),
			 "set of memory nodes");
}

static int memory_v1(const struct spec_resources *r, struct knobs *knobs)
{
	int64_t swap = LIMIT_NONE;

	TRY(swap_alone(r, &swap));
	if (r->memory_limit != LIMIT_NONE)
		knob_add(knobs, CONTROLLER_MEMORY, "memory.limit_in_bytes", number(r->memory_limit),
			 "memory limit");
	if (swap != LIMIT_NONE)
		knob_add(knobs, CONTROLLER_MEMORY, "memory.memsw.limit_in_bytes",
			 number(r->memory_swap), "limit of memory and swap")
			->optional = swap_is_default(r);
	if (r->memory_reservation != LIMIT_NONE)
		knob_add(knobs, CONTROLLER_MEMORY, "memory.soft_limit_in_bytes",
			 number(r->memory_reservation), "memory reservation");
	return 0;
}

static void throttles_v1(const struct spec_throttles *list, const char *file, const char *what,
			 struct knobs *knobs)
{
	for (size_t i = 0; i < list->n; i++)
		knob_add(knobs, CONTROLLER_IO, file,
			 xasprintf("%u:%u %" PRIu64, list->v[i].major, list->v[i].minor,
				   list->v[i].rate),
			 what);
}

static void io_v1(const struct spec_resources *r, struct knobs *knobs)
{
	struct knob *knob;

	if (r->blkio_weight != LIMIT_NONE) {
		knob = knob_add(knobs, CONTROLLER_IO, "blkio.weight", number(r->blkio_weight),
				"block I/O weight");
		knob->other_file = "blkio.bfq.weight";
		knob->other_value = number(r->blkio_weight);
	}
	throttles_v1(&r->read_bps, "blkio.throttle.read_bps_device", "read rate", knobs);
	throttles_v1(&r->write_bps, "blkio.throttle.write_bps_device", "write rate", knobs);
	throttles_v1(&r->read_iops, "blkio.throttle.read_iops_device", "rate of reads", knobs);
	throttles_v1(&r->write_iops, "blkio.throttle.write_iops_device", "rate of writes", knobs);
}

int knobs_v1(const struct spec_resources *r, struct knobs *ret_knobs)
{
	struct knobs *knobs = ret_knobs;

	*knobs = (struct knobs){ 0 };
	if (r->unified.n > 0) {
		refuse("the file '%s' is one of cgroup v2, and this host has v1",
		       r->unified.v[0].key);
		hint("leave --cgroup-conf out, or boot with systemd.unified_cgroup_hierarchy=1");
		return -EINVAL;
	}
	TRY(memory_v1(r, knobs));
	if (r->cpu_shares != LIMIT_NONE)
		knob_add(knobs, CONTROLLER_CPU, "cpu.shares", number(r->cpu_shares), "CPU shares");
	/* The period first: a quota is refused that it makes too small. */
	if (r->cpu_period != LIMIT_NONE)
		knob_add(knobs, CONTROLLER_CPU, "cpu.cfs_period_us", number(r->cpu_period),
			 "CPU period");
	if (r->cpu_quota != LIMIT_NONE)
		knob_add(knobs, CONTROLLER_CPU, "cpu.cfs_quota_us", number(r->cpu_quota),
			 "CPU quota");
	cpuset(r, knobs);
	io_v1(r, knobs);
	optional_pids(r, knobs);
	return 0;
}

static int memory_v2(const struct spec_resources *r, struct knobs *knobs)
{
	int64_t swap = LIMIT_NONE;

	TRY(swap_alone(r, &swap));
	if (r->memory_limit != LIMIT_NONE)
		knob_add(knobs, CONTROLLER_MEMORY, "memory.max", number_or_max(r->memory_limit),
			 "memory limit");
	if (swap != LIMIT_NONE)
		knob_add(knobs, CONTROLLER_MEMORY, "memory.swap.max", number_or_max(swap),
			 "limit of memory and swap")
			->optional = swap_is_default(r);
	if (r->memory_reservation != LIMIT_NONE)
		knob_add(knobs, CONTROLLER_MEMORY, "memory.low",
			 number_or_max(r->memory_reservation), "memory reservation");
	/* Half a container is of no use to anybody. */
	if (knobs->n > 0)
		knob_add(knobs, CONTROLLER_MEMORY, "memory.oom.group", xstrdup("1"),
			 "OOM behaviour")
			->optional = true;
	return 0;
}

/* 2 .. 262144 to 1 .. 10000, as every runtime does it. */
static int64_t shares_to_weight(int64_t shares)
{
	if (shares <= 2)
		return 1;
	if (shares >= 262144)
		return 10000;
	return 1 + ((shares - 2) * 9999) / 262142;
}

static void cpu_v2(const struct spec_resources *r, struct knobs *knobs)
{
	int64_t period =
		r->cpu_period == LIMIT_NONE || r->cpu_period == 0 ? CPU_PERIOD : r->cpu_period;

	/* 0 is "the default" in the terms of v1. */
	if (r->cpu_shares != LIMIT_NONE && r->cpu_shares != 0)
		knob_add(knobs, CONTROLLER_CPU, "cpu.weight",
			 number(shares_to_weight(r->cpu_shares)), "CPU shares");
	if (r->cpu_quota != LIMIT_NONE && r->cpu_quota > 0)
		knob_add(knobs, CONTROLLER_CPU, "cpu.max",
			 xasprintf("%" PRId64 " %" PRId64, r->cpu_quota, period), "CPU quota");
	else if (r->cpu_quota != LIMIT_NONE || r->cpu_period != LIMIT_NONE)
		knob_add(knobs, CONTROLLER_CPU, "cpu.max", xasprintf("max %" PRId64, period),
			 "CPU quota");
}

/* 10 .. 1000 to 1 .. 10000. BFQ's own file has the range of v1. */
static void io_v2(const struct spec_resources *r, struct knobs *knobs)
{
	static const struct {
		size_t list;
		const char *key, *what;
	} rows[] = {
		{ offsetof(struct spec_resources, read_bps), "rbps", "read rate" },
		{ offsetof(struct spec_resources, write_bps), "wbps", "write rate" },
		{ offsetof(struct spec_resources, read_iops), "riops", "rate of reads" },
		{ offsetof(struct spec_resources, write_iops), "wiops", "rate of writes" },
	};

	if (r->blkio_weight != LIMIT_NONE && r->blkio_weight != 0) {
		struct knob *knob = knob_add(knobs, CONTROLLER_IO, "io.bfq.weight",
					     number(r->blkio_weight), "block I/O weight");

		knob->other_file = "io.weight";
		knob->other_value = number(1 + (r->blkio_weight - 10) * 9999 / 990);
	}
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct spec_throttles *list = (const void *)((const char *)r + rows[i].list);

		for (size_t j = 0; j < list->n; j++)
			knob_add(knobs, CONTROLLER_IO, "io.max",
				 xasprintf("%u:%u %s=%" PRIu64, list->v[j].major, list->v[j].minor,
					   rows[i].key, list->v[j].rate),
				 rows[i].what);
	}
}

/* Files of the core that limit; the others would take the cgroup out of our hands. */
static bool core_file_is_ours_to_give(const char *file)
{
	return strcmp(file, "cgroup.max.depth") == 0 || strcmp(file, "cgroup.max.descendants") == 0;
}

static int unified(const struct spec_resources *r, struct knobs *knobs)
{
	for (size_t i = 0; i < r->unified.n; i++) {
		const struct spec_keyvalue *pair = &r->unified.v[i];
		const char *dot = strchr(pair->key, '.');
		size_t len = dot != NULL ? (size_t)(dot - pair->key) : 0, c;

		for (c = 0; c < CONTROLLER_MAX; c++) {
			const char *name = controller_table[c].v2;

			if (name != NULL && strlen(name) == len &&
			    strncmp(name, pair->key, len) == 0)
				break;
		}
		if (c == CONTROLLER_MAX || strchr(pair->key, '/') != NULL ||
		    (c == CONTROLLER_CORE && !core_file_is_ours_to_give(pair->key)))
			return refuse("'%s' is not a file of cgroup v2 that can be set: "
				      "CONTROLLER.FILE, such as memory.high",
				      pair->key);
		knob_add(knobs, (enum controller)c, pair->key, xstrdup(pair->value),
			 "value of the cgroup");
	}
	return 0;
}

int knobs_v2(const struct spec_resources *r, struct knobs *ret_knobs)
{
	struct knobs *knobs = ret_knobs;

	*knobs = (struct knobs){ 0 };
	TRY(memory_v2(r, knobs));
	cpu_v2(r, knobs);
	cpuset(r, knobs);
	io_v2(r, knobs);
	TRY(unified(r, knobs));
	optional_pids(r, knobs);
	return 0;
}

void knobs_release(struct knobs *knobs)
{
	for (size_t i = 0; i < knobs->n; i++) {
		free(knobs->v[i].file);
		free(knobs->v[i].value);
		free(knobs->v[i].other_value);
	}
	free(knobs->v);
	*knobs = (struct knobs){ 0 };
}

unsigned int knobs_controllers(const struct knobs *knobs, bool required)
{
	unsigned int mask = 0;

	for (size_t i = 0; i < knobs->n; i++)
		if (!required || !knobs->v[i].optional)
			mask |= 1U << knobs->v[i].controller;
	return mask & ~(1U << CONTROLLER_CORE);
}

/* Not fs_write_file(): this is on the path of every start, and failing is no error yet. */
static int knob_try(int dirfd, const char *file, const char *value)
{
	autoclose int fd = openat(dirfd, file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		return -errno;
	return 0;
}

static void knob_hint(const struct knob *knob, int rc)
{
	if (rc == -ENOENT && strstr(knob->file, "memsw") != NULL)
		hint("the kernel does not account for swap: boot with swapaccount=1, or leave "
		     "--memory-swap out");
	else if (rc == -ENOENT && strstr(knob->file, "weight") != NULL)
		hint("no I/O scheduler with weights is in use: load bfq and set it in "
		     "/sys/block/DEVICE/queue/scheduler");
	else if (rc == -EBUSY && knob->controller == CONTROLLER_MEMORY)
		hint("more memory than that is in use already");
}

int knob_fail(const struct knob *knob, int rc)
{
	fail_with(rc, "cannot set the %s: '%s' to '%s'", knob->what, knob->file, knob->value);
	knob_hint(knob, rc);
	return rc;
}

int knobs_write(const struct knobs *knobs, enum controller controller, int dirfd)
{
	for (size_t i = 0; i < knobs->n; i++) {
		const struct knob *knob = &knobs->v[i];
		int rc;

		if (controller != CONTROLLER_MAX && knob->controller != controller)
			continue;
		rc = knob_try(dirfd, knob->file, knob->value);
		if (rc == -ENOENT && knob->other_file != NULL)
			rc = knob_try(dirfd, knob->other_file, knob->other_value);
		if (rc == 0 || knob->optional)
			continue;
		return knob_fail(knob, rc);
	}
	return 0;
}
