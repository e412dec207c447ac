/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/cgusage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "box/cgdir.h"
#include "box/cgdriver.h"
#include "box/cgknob.h"

#define NSEC_PER_USEC 1000
/* v1 has no word for "no limit", but a number of pages that no machine has. */
#define V1_LIMIT_MAX (UINT64_C(1) << 62)

/* The sum of what follows each `word`: "rbytes=" of io.stat, "Read " of blkio. */
static uint64_t summed(const char *text, const char *word)
{
	uint64_t sum = 0;

	for (const char *at = text; (at = strstr(at, word)) != NULL;) {
		at += strlen(word);
		sum += strtoull(at, NULL, 10);
	}
	return sum;
}

static void read_io(int dirfd, const char *file, const char *const words[2], struct cgusage *usage)
{
	AUTO(buf) text = BUF_INIT;

	if (!cgread_text(dirfd, file, &text))
		return;
	usage->read_bytes = summed(text.data, words[0]);
	usage->write_bytes = summed(text.data, words[1]);
}

static uint64_t less(uint64_t value, uint64_t part)
{
	if (value >= CGUSAGE_NONE || part >= CGUSAGE_NONE)
		return value;
	return value > part ? value - part : 0;
}

static void read_v2(int fd, struct cgusage *usage)
{
	static const char *const io[] = { "rbytes=", "wbytes=" };
	char text[64];

	usage->cpu_usec = cgread_keyed(fd, "cpu.stat", "usage_usec");
	usage->memory = less(cgread_number(fd, "memory.current"),
			     cgread_keyed(fd, "memory.stat", "inactive_file"));
	usage->memory_limit = cgread_number(fd, "memory.max");
	read_io(fd, "io.stat", io, usage);
	usage->pids = cgread_number(fd, "pids.current");
	usage->pids_limit = cgread_number(fd, "pids.max");
	usage->cpu_quota = cgread_number(fd, "cpu.max");
	if (cgdir_read(fd, "cpu.max", text, sizeof(text)) > 0 && strchr(text, ' ') != NULL)
		usage->cpu_period = strtoull(strchr(text, ' ') + 1, NULL, 10);
}

static void read_v1(const struct cgroup *cgroup, struct cgusage *usage)
{
	static const char *const io[] = { " Read ", " Write " };
	autoclose int cpu = cgroup1_open(cgroup, CONTROLLER_CPU);
	autoclose int memory = cgroup1_open(cgroup, CONTROLLER_MEMORY);
	autoclose int block = cgroup1_open(cgroup, CONTROLLER_IO);
	autoclose int pids = cgroup1_open(cgroup, CONTROLLER_PIDS);
	uint64_t nsec = cgread_number(cpu, "cpuacct.usage");

	if (nsec < CGUSAGE_NONE)
		usage->cpu_usec = nsec / NSEC_PER_USEC;
	usage->memory = less(cgread_number(memory, "memory.usage_in_bytes"),
			     cgread_keyed(memory, "memory.stat", "total_inactive_file"));
	usage->memory_limit = cgread_number(memory, "memory.limit_in_bytes");
	if (usage->memory_limit < CGUSAGE_NONE && usage->memory_limit >= V1_LIMIT_MAX)
		usage->memory_limit = CGUSAGE_NONE;
	read_io(block, "blkio.throttle.io_service_bytes_recursive", io, usage);
	usage->pids = cgread_number(pids, "pids.current");
	usage->pids_limit = cgread_number(pids, "pids.max");
	usage->cpu_quota = cgread_number(cpu, "cpu.cfs_quota_us");
	usage->cpu_period = cgread_number(cpu, "cpu.cfs_period_us");
}

int cgusage_read(const struct cgroup *cgroup, struct cgusage *ret_usage)
{
	autoclose int fd = cgroup->path != NULL ? cgroup->driver->open(cgroup) : -ENOENT;
	struct cgusage usage;

	if (fd < 0)
		return fd;
	memset(&usage, 0xff, sizeof(usage)); /* CGUSAGE_UNKNOWN */
	if (cgroup->driver == &cgroup_driver_v1)
		read_v1(cgroup, &usage);
	else
		read_v2(fd, &usage);
	*ret_usage = usage;
	return 0;
}
