/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/stats.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "container/end.h"
#include "container/proclist.h"

#define USEC_PER_SEC UINT64_C(1000000)

/* Those that have ended and were waited for count with their parents. */
static void sum_processes(const struct target *target, struct cgusage *usage)
{
	uint64_t ticks = 0, bytes = 0, per_second = (uint64_t)sysconf(_SC_CLK_TCK);
	AUTO(proclist) list = { 0 };

	if (proclist_read(target, &list) < 0) {
		err_clear();
		return;
	}
	for (size_t i = 0; i < list.n; i++) {
		const struct proclist_entry *entry = &list.v[i];

		ticks += entry->user_ticks + entry->system_ticks + entry->child_user_ticks +
			 entry->child_system_ticks;
		bytes += entry->own_bytes;
	}
	if (usage->cpu_usec == CGUSAGE_UNKNOWN && per_second > 0)
		usage->cpu_usec = ticks * USEC_PER_SEC / per_second;
	if (usage->memory == CGUSAGE_UNKNOWN)
		usage->memory = bytes;
	if (usage->pids == CGUSAGE_UNKNOWN)
		usage->pids = list.n;
}

static bool has_own_network(pid_t pid)
{
	struct stat own, its;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	return stat("/proc/self/ns/net", &own) == 0 && stat(path, &its) == 0 &&
	       own.st_ino != its.st_ino;
}

/* "  eth0: BYTES PACKETS ERRS DROP FIFO FRAME COMPRESSED MULTICAST BYTES ..." */
static void read_network(pid_t pid, struct stats *stats)
{
	AUTO(buf) text = BUF_INIT;
	char path[64];

	if (!has_own_network(pid))
		return;
	snprintf(path, sizeof(path), "/proc/%d/net/dev", (int)pid);
	if (fs_read_file(AT_FDCWD, path, MAX_STATE_FILE, &text) < 0) {
		err_clear();
		return;
	}
	stats->received = stats->sent = 0;
	for (const char *line = text.data; *line != '\0';) {
		const char *end = line + strcspn(line, "\n"), *colon = strchr(line, ':');
		unsigned long long received, sent;

		line += strspn(line, " ");
		if (colon != NULL && colon < end && strncmp(line, "lo:", 3) != 0 &&
		    sscanf(colon + 1, "%llu %*u %*u %*u %*u %*u %*u %*u %llu", &received, &sent) ==
			    2) {
			stats->received += received;
			stats->sent += sent;
		}
		line = end + (*end != '\0');
	}
}

int stats_take(const struct target *target, struct stats *ret_stats)
{
	struct stats stats = { .received = CGUSAGE_UNKNOWN, .sent = CGUSAGE_UNKNOWN };
	int rc;

	if (target->cgroup.path == NULL)
		return fail_in(cgroup_refuse_none("the count of what it uses"), "container '%s'",
			       target->record.name);
	stats.taken = end_now();
	rc = cgusage_read(&target->cgroup, &stats.usage);
	if (rc < 0)
		return fail_with(rc, "cannot read the cgroup of the container '%s'",
				 target->record.name);
	if (stats.usage.cpu_usec == CGUSAGE_UNKNOWN || stats.usage.memory == CGUSAGE_UNKNOWN ||
	    stats.usage.pids == CGUSAGE_UNKNOWN)
		sum_processes(target, &stats.usage);
	read_network(target->record.pid, &stats);
	*ret_stats = stats;
	return 0;
}
