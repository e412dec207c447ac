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
	[CONTROLLER_DMEM] = { NULL, "dmem" },
	[CONTROLLER_CPUACCT] = { "cpuacct", NULL },
	[CONTROLLER_FREEZER] = { "freezer", NULL },
	[CONTROLLER_NET_CLS] = { "net_cls", NULL },
	[CONTROLLER_NET_PRIO] = { "net_prio", NULL },
	[CONTROLLER_PERF] = { "perf_event", NULL },
	[CONTROLLER_SYSTEMD] = { "systemd", NULL },
};

struct knob *knob_add(struct knobs *knobs, enum controller controller, const char *file,
		      char *value, const char *what, const char *property)
{
	struct knob *knob = VEC_PUSH(knobs);

	knob->controller = controller;
	knob->file = xstrdup(file);
	knob->value = value;
	knob->what = what;
	knob->property = property;
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
	const char *place = r->exact ? "linux.resources.memory.swap: " : "";

	if (r->memory_swap == LIMIT_NONE || r->memory_swap < 0) {
		*ret_swap = r->memory_swap;
		return 0;
	}
	if (r->memory_limit == LIMIT_NONE || r->memory_limit < 0) {
		refuse("%sa limit of memory and swap needs a memory limit as well", place);
		if (!r->exact)
			hint("give --memory with --memory-swap");
		return -EINVAL;
	}
	if (r->memory_swap < r->memory_limit)
		return refuse("%sthe limit of memory and swap (%" PRId64
			      ") is below the memory limit (%" PRId64 ")",
			      place, r->memory_swap, r->memory_limit);
	*ret_swap = r->memory_swap - r->memory_limit;
	return 0;
}

/* Twice the memory is what --memory alone means: nobody asked for it, and not every kernel accounts
 * for swap. Where one does not, there is no limit either. */
static bool swap_is_default(const struct spec_resources *r)
{
	if (r->exact)
		return r->memory_swap < 0;
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
			"limit of processes", "pids.limit");
	knob->optional = !r->exact && (!r->asked || (others > 0 && r->pids_limit == PIDS_DEFAULT));
}

static void cpuset(const struct spec_resources *r, struct knobs *knobs)
{
	if (r->cpuset_cpus != NULL)
		knob_add(knobs, CONTROLLER_CPUSET, "cpuset.cpus", xstrdup(r->cpuset_cpus),
			 "set of processors", "cpu.cpus");
	if (r->cpuset_mems != NULL)
		knob_add(knobs, CONTROLLER_CPUSET, "cpuset.mems", xstrdup(r->cpuset_mems),
			 "set of memory nodes", "cpu.mems");
}

static int memory_v1(const struct spec_resources *r, struct knobs *knobs)
{
	int64_t swap = LIMIT_NONE;

	TRY(swap_alone(r, &swap));
	if (r->memory_limit != LIMIT_NONE)
		knob_add(knobs, CONTROLLER_MEMORY, "memory.limit_in_bytes", number(r->memory_limit),
			 "memory limit", "memory.limit");
	if (swap != LIMIT_NONE)
		knob_add(knobs, CONTROLLER_MEMORY, "memory.memsw.limit_in_bytes",
			 number(r->memory_swap), "limit of memory and swap", "memory.swap")
			->optional = swap_is_default(r);
	if (r->memory_reservation != LIMIT_NONE)
		knob_add(knobs, CONTROLLER_MEMORY, "memory.soft_limit_in_bytes",
			 number(r->memory_reservation), "memory reservation", "memory.reservation");
	return 0;
}

static const struct {
	size_t list;
	const char *v1, *v2, *what, *property;
} throttles[] = {
	{ offsetof(struct spec_resources, read_bps), "blkio.throttle.read_bps_device", "rbps",
	  "read rate", "blockIO.throttleReadBpsDevice" },
	{ offsetof(struct spec_resources, write_bps), "blkio.throttle.write_bps_device", "wbps",
	  "write rate", "blockIO.throttleWriteBpsDevice" },
	{ offsetof(struct spec_resources, read_iops), "blkio.throttle.read_iops_device", "riops",
	  "rate of reads", "blockIO.throttleReadIOPSDevice" },
	{ offsetof(struct spec_resources, write_iops), "blkio.throttle.write_iops_device", "wiops",
	  "rate of writes", "blockIO.throttleWriteIOPSDevice" },
};

static const struct spec_throttles *throttle_list(const struct spec_resources *r, size_t row)
{
	return (const void *)((const char *)r + throttles[row].list);
}

static void throttles_v1(const struct spec_resources *r, size_t row, struct knobs *knobs)
{
	const struct spec_throttles *list = throttle_list(r, row);

	for (size_t i = 0; i < list->n; i++)
		knob_add(knobs, CONTROLLER_IO, throttles[row].v1,
			 xasprintf("%u:%u %" PRIu64, list->v[i].major, list->v[i].minor,
				   list->v[i].rate),
			 throttles[row].what, throttles[row].property);
}

static void io_v1(const struct spec_resources *r, struct knobs *knobs)
{
	struct knob *knob;

	if (r->blkio_weight != LIMIT_NONE) {
		knob = knob_add(knobs, CONTROLLER_IO, "blkio.weight", number(r->blkio_weight),
				"block I/O weight", "blockIO.weight");
		knob->other_file = "blkio.bfq.weight";
		knob->other_value = number(r->blkio_weight);
	}
	for (size_t i = 0; i < ARRAY_SIZE(throttles); i++)
		throttles_v1(r, i, knobs);
}

int knobs_v1(const struct spec_resources *r, struct knobs *ret_knobs)
{
	struct knobs *knobs = ret_knobs;

	*knobs = (struct knobs){ .exact = r->exact };
	if (r->unified.n > 0) {
		refuse("%sthe file '%s' is one of cgroup v2, and this host has v1",
		       r->exact ? "linux.resources.unified: " : "", r->unified.v[0].key);
		hint("%s, or boot with systemd.unified_cgroup_hierarchy=1",
		     r->exact ? "leave it out" : "leave --cgroup-conf out");
		return -EINVAL;
	}
	TRY(memory_v1(r, knobs));
	if (r->cpu_shares != LIMIT_NONE)
		knob_add(knobs, CONTROLLER_CPU, "cpu.shares", number(r->cpu_shares), "CPU shares",
			 "cpu.shares");
	/* The period first: a quota is refused that it makes too small. */
	if (r->cpu_period != LIMIT_NONE)
		knob_add(knobs, CONTROLLER_CPU, "cpu.cfs_period_us", number(r->cpu_period),
			 "CPU period", "cpu.period");
	if (r->cpu_quota != LIMIT_NONE)
		knob_add(knobs, CONTROLLER_CPU, "cpu.cfs_quota_us", number(r->cpu_quota),
			 "CPU quota", "cpu.quota");
	cpuset(r, knobs);
	io_v1(r, knobs);
	optional_pids(r, knobs);
	return r->exact ? knobs_rest_v1(r, knobs) : 0;
}

static int memory_v2(const struct spec_resources *r, struct knobs *knobs)
{
	int64_t swap = LIMIT_NONE;

	TRY(swap_alone(r, &swap));
	if (r->memory_limit != LIMIT_NONE)
		knob_add(knobs, CONTROLLER_MEMORY, "memory.max", number_or_max(r->memory_limit),
			 "memory limit", "memory.limit");
	if (swap != LIMIT_NONE)
		knob_add(knobs, CONTROLLER_MEMORY, "memory.swap.max", number_or_max(swap),
			 "limit of memory and swap", "memory.swap")
			->optional = swap_is_default(r);
	if (r->memory_reservation != LIMIT_NONE)
		knob_add(knobs, CONTROLLER_MEMORY, "memory.low",
			 number_or_max(r->memory_reservation), "memory reservation",
			 "memory.reservation");
	/* Half a container is of no use to anybody. To a bundle nothing is added. */
	if (knobs->n > 0 && !r->exact)
		knob_add(knobs, CONTROLLER_MEMORY, "memory.oom.group", xstrdup("1"),
			 "OOM behaviour", "memory.limit")
			->optional = true;
	return 0;
}

/* 2 .. 262144 to 1 .. 10000, as every runtime does it. */
int64_t knob_cpu_weight(int64_t shares)
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
			 number(knob_cpu_weight(r->cpu_shares)), "CPU shares", "cpu.shares");
	if (r->cpu_quota != LIMIT_NONE && r->cpu_quota > 0)
		knob_add(knobs, CONTROLLER_CPU, "cpu.max",
			 xasprintf("%" PRId64 " %" PRId64, r->cpu_quota, period), "CPU quota",
			 "cpu.quota");
	else if (r->cpu_quota != LIMIT_NONE || r->cpu_period != LIMIT_NONE)
		knob_add(knobs, CONTROLLER_CPU, "cpu.max", xasprintf("max %" PRId64, period),
			 "CPU quota", "cpu.quota");
}

/* 10 .. 1000 to 1 .. 10000. BFQ's own file has the range of v1. */
static void io_v2(const struct spec_resources *r, struct knobs *knobs)
{
	if (r->blkio_weight != LIMIT_NONE && r->blkio_weight != 0) {
		struct knob *knob =
			knob_add(knobs, CONTROLLER_IO, "io.bfq.weight", number(r->blkio_weight),
				 "block I/O weight", "blockIO.weight");

		knob->other_file = "io.weight";
		knob->other_value = number(1 + (r->blkio_weight - 10) * 9999 / 990);
	}
	for (size_t i = 0; i < ARRAY_SIZE(throttles); i++) {
		const struct spec_throttles *list = throttle_list(r, i);

		for (size_t j = 0; j < list->n; j++)
			knob_add(knobs, CONTROLLER_IO, "io.max",
				 xasprintf("%u:%u %s=%" PRIu64, list->v[j].major, list->v[j].minor,
					   throttles[i].v2, list->v[j].rate),
				 throttles[i].what, throttles[i].property);
	}
}

/* Files of the core that limit; the others would take the cgroup out of our hands. */
static bool core_file_is_ours_to_give(const char *file)
{
	return strcmp(file, "cgroup.max.depth") == 0 || strcmp(file, "cgroup.max.descendants") == 0;
}

static enum controller controller_of(const char *file)
{
	size_t len = strcspn(file, "."), c;

	for (c = 0; c < CONTROLLER_MAX; c++) {
		const char *name = controller_table[c].v2;

		if (name != NULL && strlen(name) == len && strncmp(name, file, len) == 0)
			break;
	}
	return (enum controller)c;
}

/* Of a controller that is not known here, a bundle's file is written all the same: the kernel says
 * whether there is one. */
static int check_file(const struct spec_resources *r, const char *file)
{
	enum controller c = controller_of(file);

	if (strchr(file, '.') != NULL && file[0] != '.' && strchr(file, '/') == NULL &&
	    (c == CONTROLLER_CORE ? core_file_is_ours_to_give(file)
				  : c != CONTROLLER_MAX || r->exact))
		return 0;
	return refuse("%s'%s' is not a file of cgroup v2 that can be set: "
		      "CONTROLLER.FILE, such as memory.high",
		      r->exact ? "linux.resources.unified: " : "", file);
}

/* The kernel takes a line at a time. */
static int unified(const struct spec_resources *r, struct knobs *knobs)
{
	for (size_t i = 0; i < r->unified.n; i++) {
		const struct spec_keyvalue *pair = &r->unified.v[i];
		enum controller c = controller_of(pair->key);
		const char *line = pair->value;

		TRY(check_file(r, pair->key));
		for (;;) {
			size_t len = strcspn(line, "\n");

			knob_add(knobs, c == CONTROLLER_MAX ? CONTROLLER_CORE : c, pair->key,
				 xstrndup(line, len), "value of the cgroup", "unified");
			line += len + (line[len] == '\n');
			if (*line == '\0')
				break;
		}
	}
	return 0;
}

int knobs_v2(const struct spec_resources *r, struct knobs *ret_knobs)
{
	struct knobs *knobs = ret_knobs;

	*knobs = (struct knobs){ .exact = r->exact };
	TRY(memory_v2(r, knobs));
	cpu_v2(r, knobs);
	cpuset(r, knobs);
	io_v2(r, knobs);
	TRY(unified(r, knobs));
	optional_pids(r, knobs);
	return r->exact ? knobs_rest_v2(r, knobs) : 0;
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

int knob_fail(const struct knobs *knobs, const struct knob *knob, int rc)
{
	fail_with(rc, "cannot set the %s: '%s' to '%s'", knob->what, knob->file, knob->value);
	knob_hint(knob, rc);
	return knobs->exact ? fail_in(rc, "linux.resources.%s", knob->property) : rc;
}

int knobs_fail_in(const struct knobs *knobs, unsigned int controllers, int rc)
{
	for (size_t i = 0; knobs->exact && i < knobs->n; i++)
		if (!knobs->v[i].optional && (controllers >> knobs->v[i].controller & 1) != 0)
			return fail_in(rc, "linux.resources.%s", knobs->v[i].property);
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
		return knob_fail(knobs, knob, rc);
	}
	return 0;
}
