/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits that only a bundle's config.json has. What v2 has no file for is refused there: a limit
 * that does nothing would be a lie. */
#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/vec.h"
#include "box/cgknob.h"

#define SHARES_MIN 2
#define SHARES_MAX 262144

static char *number(int64_t value)
{
	return xasprintf("%" PRId64, value);
}

static int refuse_v2(const char *property)
{
	return refuse_with(EOPNOTSUPP, "linux.resources.%s: cgroup v2 has no such limit", property);
}

/* The kernel would take another number without a word. */
static int check_shares(const struct spec_resources *r)
{
	if (r->cpu_shares == LIMIT_NONE ||
	    (r->cpu_shares >= SHARES_MIN && r->cpu_shares <= SHARES_MAX))
		return 0;
	return refuse("linux.resources.cpu.shares: %" PRId64 " is not from %d to %d", r->cpu_shares,
		      SHARES_MIN, SHARES_MAX);
}

/* After the quota, which it may not be above; idle after the shares, which it overrides. */
static void cpu_v1(const struct spec_resources *r, struct knobs *knobs)
{
	if (r->cpu_burst != LIMIT_NONE)
		knob_add(knobs, CONTROLLER_CPU, "cpu.cfs_burst_us", number(r->cpu_burst),
			 "CPU burst", "cpu.burst");
	if (r->cpu_rt_period != LIMIT_NONE)
		knob_add(knobs, CONTROLLER_CPU, "cpu.rt_period_us", number(r->cpu_rt_period),
			 "realtime period", "cpu.realtimePeriod");
	if (r->cpu_rt_runtime != LIMIT_NONE)
		knob_add(knobs, CONTROLLER_CPU, "cpu.rt_runtime_us", number(r->cpu_rt_runtime),
			 "realtime runtime", "cpu.realtimeRuntime");
	if (r->cpu_idle != LIMIT_NONE)
		knob_add(knobs, CONTROLLER_CPU, "cpu.idle", number(r->cpu_idle), "CPU idle state",
			 "cpu.idle");
}

/* Accounting is hierarchical in every kernel since 5.11, where the file may be missing. */
static void memory_v1(const struct spec_resources *r, struct knobs *knobs)
{
	if (r->memory_tcp != LIMIT_NONE)
		knob_add(knobs, CONTROLLER_MEMORY, "memory.kmem.tcp.limit_in_bytes",
			 number(r->memory_tcp), "limit of the memory of sockets",
			 "memory.kernelTCP")
			->optional = r->memory_tcp < 0;
	if (r->memory_swappiness != LIMIT_NONE)
		knob_add(knobs, CONTROLLER_MEMORY, "memory.swappiness",
			 number(r->memory_swappiness), "swappiness", "memory.swappiness");
	if (r->oom_kill_disable)
		knob_add(knobs, CONTROLLER_MEMORY, "memory.oom_control", xstrdup("1"),
			 "OOM behaviour", "memory.disableOOMKiller");
	if (r->memory_hierarchy != LIMIT_NONE)
		knob_add(knobs, CONTROLLER_MEMORY, "memory.use_hierarchy",
			 number(r->memory_hierarchy), "hierarchical accounting",
			 "memory.useHierarchy")
			->optional = r->memory_hierarchy == 1;
}

static void weight_v1(const struct spec_weight *weight, struct knobs *knobs)
{
	struct knob *knob;

	if (weight->weight != 0) {
		knob = knob_add(
			knobs, CONTROLLER_IO, "blkio.weight_device",
			xasprintf("%u:%u %" PRId64, weight->major, weight->minor, weight->weight),
			"block I/O weight of a device", "blockIO.weightDevice");
		knob->other_file = "blkio.bfq.weight_device";
		knob->other_value = xstrdup(knob->value);
	}
	if (weight->leaf_weight != 0)
		knob_add(knobs, CONTROLLER_IO, "blkio.leaf_weight_device",
			 xasprintf("%u:%u %" PRId64, weight->major, weight->minor,
				   weight->leaf_weight),
			 "block I/O leaf weight of a device", "blockIO.weightDevice");
}

static void io_v1(const struct spec_resources *r, struct knobs *knobs)
{
	if (r->blkio_leaf_weight != LIMIT_NONE)
		knob_add(knobs, CONTROLLER_IO, "blkio.leaf_weight", number(r->blkio_leaf_weight),
			 "block I/O leaf weight", "blockIO.leafWeight");
	for (size_t i = 0; i < r->weights.n; i++)
		weight_v1(&r->weights.v[i], knobs);
}

/* What is reserved, where the kernel counts that, and what is in use. */
static void hugepages(const struct spec_resources *r, const char *suffix, struct knobs *knobs)
{
	for (size_t i = 0; i < r->hugepages.n; i++) {
		const struct spec_hugepages *limit = &r->hugepages.v[i];
		autofree char *file = xasprintf("hugetlb.%s.%s", limit->size, suffix);
		autofree char *reserved = xasprintf("hugetlb.%s.rsvd.%s", limit->size, suffix);

		knob_add(knobs, CONTROLLER_HUGETLB, file, xasprintf("%" PRIu64, limit->limit),
			 "limit of huge pages", "hugepageLimits");
		knob_add(knobs, CONTROLLER_HUGETLB, reserved, xasprintf("%" PRIu64, limit->limit),
			 "limit of reserved huge pages", "hugepageLimits")
			->optional = true;
	}
}

static void rdma(const struct spec_resources *r, struct knobs *knobs)
{
	for (size_t i = 0; i < r->rdma.n; i++) {
		const struct spec_rdma *limit = &r->rdma.v[i];
		AUTO(buf) line = BUF_INIT;

		buf_add_str(&line, limit->device);
		if (limit->handles != LIMIT_NONE)
			buf_addf(&line, " hca_handle=%" PRId64, limit->handles);
		if (limit->objects != LIMIT_NONE)
			buf_addf(&line, " hca_object=%" PRId64, limit->objects);
		knob_add(knobs, CONTROLLER_RDMA, "rdma.max", buf_steal(&line), "RDMA limit",
			 "rdma");
	}
}

int knobs_rest_v1(const struct spec_resources *r, struct knobs *knobs)
{
	TRY(check_shares(r));
	cpu_v1(r, knobs);
	memory_v1(r, knobs);
	io_v1(r, knobs);
	hugepages(r, "limit_in_bytes", knobs);
	rdma(r, knobs);
	if (r->net_class != LIMIT_NONE)
		knob_add(knobs, CONTROLLER_NET_CLS, "net_cls.classid", number(r->net_class),
			 "network class", "network.classID");
	for (size_t i = 0; i < r->priorities.n; i++)
		knob_add(knobs, CONTROLLER_NET_PRIO, "net_prio.ifpriomap",
			 xasprintf("%s %u", r->priorities.v[i].interface,
				   r->priorities.v[i].priority),
			 "network priority", "network.priorities");
	return 0;
}

static int refuse_without_v2(const struct spec_resources *r)
{
	const struct {
		bool given;
		const char *property;
	} rows[] = {
		{ r->cpu_rt_runtime != LIMIT_NONE, "cpu.realtimeRuntime" },
		{ r->cpu_rt_period != LIMIT_NONE, "cpu.realtimePeriod" },
		{ r->memory_tcp > 0, "memory.kernelTCP" },
		{ r->memory_swappiness != LIMIT_NONE, "memory.swappiness" },
		{ r->oom_kill_disable, "memory.disableOOMKiller" },
		/* true is what it is anyway */
		{ r->memory_hierarchy == 0, "memory.useHierarchy" },
		{ r->blkio_leaf_weight != LIMIT_NONE, "blockIO.leafWeight" },
		{ r->net_class != LIMIT_NONE, "network.classID" },
		{ r->priorities.n != 0, "network.priorities" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].given)
			return refuse_v2(rows[i].property);
	for (size_t i = 0; i < r->weights.n; i++)
		if (r->weights.v[i].leaf_weight != 0)
			return refuse_v2("blockIO.weightDevice.leafWeight");
	return 0;
}

/* BFQ's own file has the range of v1; 10 .. 1000 is 1 .. 10000 in the other one. */
static void weights_v2(const struct spec_resources *r, struct knobs *knobs)
{
	for (size_t i = 0; i < r->weights.n; i++) {
		const struct spec_weight *weight = &r->weights.v[i];
		struct knob *knob = knob_add(
			knobs, CONTROLLER_IO, "io.bfq.weight",
			xasprintf("%u:%u %" PRId64, weight->major, weight->minor, weight->weight),
			"block I/O weight of a device", "blockIO.weightDevice");

		knob->other_file = "io.weight";
		knob->other_value = xasprintf("%u:%u %" PRId64, weight->major, weight->minor,
					      1 + (weight->weight - 10) * 9999 / 990);
	}
}

int knobs_rest_v2(const struct spec_resources *r, struct knobs *knobs)
{
	TRY(refuse_without_v2(r));
	if (r->cpu_burst != LIMIT_NONE)
		knob_add(knobs, CONTROLLER_CPU, "cpu.max.burst", number(r->cpu_burst), "CPU burst",
			 "cpu.burst");
	if (r->cpu_idle != LIMIT_NONE)
		knob_add(knobs, CONTROLLER_CPU, "cpu.idle", number(r->cpu_idle), "CPU idle state",
			 "cpu.idle");
	weights_v2(r, knobs);
	hugepages(r, "max", knobs);
	rdma(r, knobs);
	return 0;
}
