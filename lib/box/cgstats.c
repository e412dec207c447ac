/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/cgstats.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/json.h"
#include "box/cgdriver.h"
#include "box/cgknob.h"
#include "box/cgread.h"

#define HUGEPAGES "/sys/kernel/mm/hugepages"
#define NSEC_PER_USEC 1000

/* The directory of each controller; in v2 they are all one. -1: none. */
struct place {
	bool v1;
	int fd[CONTROLLER_MAX];
};

/* --- numbers ---------------------------------------------------------------------------------- */

/* A double would not hold them. */
static void add_number(cJSON *object, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	if (cJSON_AddRawToObject(object, key, text) == NULL)
		out_of_memory();
}

static uint64_t known(uint64_t value)
{
	return value < CGUSAGE_NONE ? value : 0;
}

/* No limit is the largest number, as in v1. */
static uint64_t limit(uint64_t value)
{
	return value == CGUSAGE_NONE ? UINT64_MAX : known(value);
}

struct row {
	const char *key, *file, *word; /* word: of a line in file; NULL: it is one number */
	uint64_t factor;
};

static void add_rows(cJSON *object, int fd, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t value = rows[i].word != NULL ? cgread_keyed(fd, rows[i].file, rows[i].word)
						      : cgread_number(fd, rows[i].file);

		add_number(object, rows[i].key, known(value) * rows[i].factor);
	}
}

/* "12 34 56" */
static void add_list(cJSON *object, const char *key, int fd, const char *file)
{
	AUTO(buf) text = BUF_INIT;
	cJSON *array;
	char *state = NULL;

	if (!cgread_text(fd, file, &text))
		return;
	array = json_add_array(object, key);
	for (char *word = strtok_r(text.data, " \n", &state); word != NULL;
	     word = strtok_r(NULL, " \n", &state))
		json_push(array, cJSON_CreateRaw(word));
}

/* Each "KEY N" of a file. */
static void add_keyed(cJSON *object, const char *key, int fd, const char *file)
{
	AUTO(buf) text = BUF_INIT;
	cJSON *map;
	char *state = NULL;

	if (!cgread_text(fd, file, &text))
		return;
	map = json_add_object(object, key);
	for (char *line = strtok_r(text.data, "\n", &state); line != NULL;
	     line = strtok_r(NULL, "\n", &state)) {
		char *blank = strchr(line, ' ');

		if (blank == NULL)
			continue;
		*blank = '\0';
		add_number(map, line, strtoull(blank + 1, NULL, 10));
	}
}

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=0" and "full ...": of v2. */
static void add_pressure(cJSON *object, int fd, const char *file)
{
	AUTO(buf) text = BUF_INIT;
	cJSON *psi;
	char *state = NULL, *inner;

	if (!cgread_text(fd, file, &text))
		return;
	psi = json_add_object(object, "psi");
	for (char *line = strtok_r(text.data, "\n", &state); line != NULL;
	     line = strtok_r(NULL, "\n", &state)) {
		char *word = strtok_r(line, " ", &inner);
		cJSON *kind = word != NULL ? json_add_object(psi, word) : NULL;

		while (word != NULL && (word = strtok_r(NULL, " ", &inner)) != NULL) {
			char *equals = strchr(word, '=');

			if (equals == NULL)
				continue;
			*equals = '\0';
			if (cJSON_AddRawToObject(kind, word, equals + 1) == NULL)
				out_of_memory();
		}
	}
}

/* --- controllers ------------------------------------------------------------------------------ */

static void add_cpu(cJSON *stats, const struct place *place)
{
	static const struct row throttling_v1[] = {
		{ "periods", "cpu.stat", "nr_periods", 1 },
		{ "throttledPeriods", "cpu.stat", "nr_throttled", 1 },
		{ "throttledTime", "cpu.stat", "throttled_time", 1 },
	};
	static const struct row throttling_v2[] = {
		{ "periods", "cpu.stat", "nr_periods", 1 },
		{ "throttledPeriods", "cpu.stat", "nr_throttled", 1 },
		{ "throttledTime", "cpu.stat", "throttled_usec", NSEC_PER_USEC },
	};
	static const struct row usage_v1[] = {
		{ "total", "cpuacct.usage", NULL, 1 },
		{ "kernel", "cpuacct.usage_sys", NULL, 1 },
		{ "user", "cpuacct.usage_user", NULL, 1 },
	};
	static const struct row usage_v2[] = {
		{ "total", "cpu.stat", "usage_usec", NSEC_PER_USEC },
		{ "kernel", "cpu.stat", "system_usec", NSEC_PER_USEC },
		{ "user", "cpu.stat", "user_usec", NSEC_PER_USEC },
	};
	cJSON *cpu = json_add_object(stats, "cpu"), *usage = json_add_object(cpu, "usage");
	cJSON *throttling = json_add_object(cpu, "throttling");
	int fd = place->fd[CONTROLLER_CPU], account = place->fd[CONTROLLER_CPUACCT];

	if (!place->v1) {
		add_rows(usage, fd, usage_v2, ARRAY_SIZE(usage_v2));
		add_rows(throttling, fd, throttling_v2, ARRAY_SIZE(throttling_v2));
		add_pressure(cpu, fd, "cpu.pressure");
		return;
	}
	add_rows(usage, account, usage_v1, ARRAY_SIZE(usage_v1));
	add_list(usage, "percpu", account, "cpuacct.usage_percpu");
	add_list(usage, "percpu_kernel", account, "cpuacct.usage_percpu_sys");
	add_list(usage, "percpu_user", account, "cpuacct.usage_percpu_user");
	add_rows(throttling, fd, throttling_v1, ARRAY_SIZE(throttling_v1));
}

/* "0-2,5" */
static void add_set(cJSON *object, const char *key, int fd, const char *file)
{
	AUTO(buf) text = BUF_INIT;
	cJSON *array;
	char *at;

	if (!cgread_text(fd, file, &text))
		return;
	array = json_add_array(object, key);
	for (at = text.data; *at >= '0' && *at <= '9'; at += *at == ',') {
		unsigned long first = strtoul(at, &at, 10), last = first;

		if (*at == '-')
			last = strtoul(at + 1, &at, 10);
		for (; first <= last && first <= UINT16_MAX; first++)
			json_push(array, cJSON_CreateNumber((double)first));
	}
}

static void add_cpuset(cJSON *stats, const struct place *place)
{
	static const struct row rows[] = {
		{ "cpu_exclusive", "cpuset.cpu_exclusive", NULL, 1 },
		{ "mem_hardwall", "cpuset.mem_hardwall", NULL, 1 },
		{ "mem_exclusive", "cpuset.mem_exclusive", NULL, 1 },
		{ "memory_migrate", "cpuset.memory_migrate", NULL, 1 },
		{ "memory_spread_page", "cpuset.memory_spread_page", NULL, 1 },
		{ "memory_spread_slab", "cpuset.memory_spread_slab", NULL, 1 },
		{ "memory_pressure", "cpuset.memory_pressure", NULL, 1 },
		{ "sched_load_balance", "cpuset.sched_load_balance", NULL, 1 },
	};
	cJSON *cpuset = json_add_object(stats, "cpuset");
	int fd = place->fd[CONTROLLER_CPUSET];

	add_set(cpuset, "cpus", fd, place->v1 ? "cpuset.cpus" : "cpuset.cpus.effective");
	add_set(cpuset, "mems", fd, place->v1 ? "cpuset.mems" : "cpuset.mems.effective");
	add_rows(cpuset, fd, rows, ARRAY_SIZE(rows));
	add_number(cpuset, "sched_relax_domain_level", 0);
}

static void add_memory_v1(cJSON *memory, int fd)
{
	static const struct {
		const char *key, *prefix;
	} rows[] = {
		{ "usage", "memory" },
		{ "swap", "memory.memsw" },
		{ "kernel", "memory.kmem" },
		{ "kernelTCP", "memory.kmem.tcp" },
	};

	add_number(memory, "cache", known(cgread_keyed(fd, "memory.stat", "cache")));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autofree char *used = xasprintf("%s.usage_in_bytes", rows[i].prefix);
		autofree char *max = xasprintf("%s.max_usage_in_bytes", rows[i].prefix);
		autofree char *fails = xasprintf("%s.failcnt", rows[i].prefix);
		autofree char *most = xasprintf("%s.limit_in_bytes", rows[i].prefix);
		cJSON *entry = json_add_object(memory, rows[i].key);

		add_number(entry, "limit", limit(cgread_number(fd, most)));
		add_number(entry, "usage", known(cgread_number(fd, used)));
		add_number(entry, "max", known(cgread_number(fd, max)));
		add_number(entry, "failcnt", known(cgread_number(fd, fails)));
	}
}

static void add_memory_entry(cJSON *memory, const char *key, const uint64_t numbers[3])
{
	cJSON *entry = json_add_object(memory, key);

	add_number(entry, "limit", numbers[0]);
	add_number(entry, "usage", numbers[1]);
	add_number(entry, "max", numbers[2]);
	add_number(entry, "failcnt", 0);
}

/* Swap is memory and swap together in v1. */
static void add_memory_v2(cJSON *memory, int fd)
{
	const uint64_t usage[] = { limit(cgread_number(fd, "memory.max")),
				   known(cgread_number(fd, "memory.current")),
				   known(cgread_number(fd, "memory.peak")) };
	uint64_t swap[] = { limit(cgread_number(fd, "memory.swap.max")),
			    known(cgread_number(fd, "memory.swap.current")),
			    known(cgread_number(fd, "memory.swap.peak")) };
	const uint64_t none[] = { 0, 0, 0 };

	swap[0] = swap[0] == UINT64_MAX || usage[0] == UINT64_MAX ? UINT64_MAX : swap[0] + usage[0];
	swap[1] += usage[1];
	add_number(memory, "cache", known(cgread_keyed(fd, "memory.stat", "file")));
	add_memory_entry(memory, "usage", usage);
	add_memory_entry(memory, "swap", swap);
	add_memory_entry(memory, "kernel", none);
	add_memory_entry(memory, "kernelTCP", none);
	add_keyed(memory, "event_count", fd, "memory.events");
	add_pressure(memory, fd, "memory.pressure");
}

static void add_memory(cJSON *stats, const struct place *place)
{
	cJSON *memory = json_add_object(stats, "memory");
	int fd = place->fd[CONTROLLER_MEMORY];

	if (place->v1)
		add_memory_v1(memory, fd);
	else
		add_memory_v2(memory, fd);
	add_keyed(memory, "raw", fd, "memory.stat");
}

/* 0 where there is no limit, as in every runtime. */
static void add_pids(cJSON *stats, const struct place *place)
{
	cJSON *pids = json_add_object(stats, "pids");
	int fd = place->fd[CONTROLLER_PIDS];

	add_number(pids, "current", known(cgread_number(fd, "pids.current")));
	add_number(pids, "limit", known(cgread_number(fd, "pids.max")));
}

/* --- block I/O -------------------------------------------------------------------------------- */

static void add_entry(cJSON *array, const char *device, const char *op, const char *value)
{
	cJSON *entry;
	char *end;
	unsigned long major = strtoul(device, &end, 10);

	if (end == device || *end != ':')
		return;
	entry = json_object();
	add_number(entry, "major", major);
	add_number(entry, "minor", strtoul(end + 1, NULL, 10));
	json_add_string(entry, "op", op);
	add_number(entry, "value", strtoull(value, NULL, 10));
	json_push(array, entry);
}

/* "8:0 Read 4096" */
static bool add_io_v1(cJSON *array, int fd, const char *file)
{
	AUTO(buf) text = BUF_INIT;
	char *state = NULL;

	if (!cgread_text(fd, file, &text))
		return false;
	for (char *line = strtok_r(text.data, "\n", &state); line != NULL;
	     line = strtok_r(NULL, "\n", &state)) {
		char *inner = NULL;
		const char *device = strtok_r(line, " ", &inner);
		const char *op = strtok_r(NULL, " ", &inner), *value = strtok_r(NULL, " ", &inner);

		if (value != NULL)
			add_entry(array, device, op, value);
	}
	return true;
}

/* "8:0 rbytes=4096 wbytes=0 rios=1 wios=0 ..." */
static void add_io_v2(cJSON *bytes, cJSON *operations, int fd)
{
	static const struct {
		const char *word, *op;
		bool bytes;
	} rows[] = {
		{ "rbytes=", "Read", true },
		{ "wbytes=", "Write", true },
		{ "rios=", "Read", false },
		{ "wios=", "Write", false },
	};
	AUTO(buf) text = BUF_INIT;
	char *state = NULL, *inner;

	(void)cgread_text(fd, "io.stat", &text);
	for (char *line = strtok_r(text.data, "\n", &state); line != NULL;
	     line = strtok_r(NULL, "\n", &state)) {
		const char *device = strtok_r(line, " ", &inner), *word;

		while ((word = strtok_r(NULL, " ", &inner)) != NULL)
			for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
				if (strncmp(word, rows[i].word, strlen(rows[i].word)) == 0)
					add_entry(rows[i].bytes ? bytes : operations, device,
						  rows[i].op, word + strlen(rows[i].word));
	}
}

static void add_io(cJSON *stats, const struct place *place)
{
	cJSON *block = json_add_object(stats, "blkio");
	cJSON *bytes = json_add_array(block, "ioServiceBytesRecursive");
	cJSON *operations = json_add_array(block, "ioServicedRecursive");
	int fd = place->fd[CONTROLLER_IO];

	if (!place->v1) {
		add_io_v2(bytes, operations, fd);
		add_pressure(block, fd, "io.pressure");
		return;
	}
	if (!add_io_v1(bytes, fd, "blkio.throttle.io_service_bytes_recursive"))
		(void)add_io_v1(bytes, fd, "blkio.throttle.io_service_bytes");
	if (!add_io_v1(operations, fd, "blkio.throttle.io_serviced_recursive"))
		(void)add_io_v1(operations, fd, "blkio.throttle.io_serviced");
}

/* --- huge pages ------------------------------------------------------------------------------- */

/* "hugepages-2048kB" is "2MB" in the names of files. */
static char *page_size(const char *name)
{
	static const char prefix[] = "hugepages-";
	static const char units[] = "KMG";
	size_t unit = 0;
	unsigned long size;

	if (strncmp(name, prefix, strlen(prefix)) != 0)
		return NULL;
	size = strtoul(name + strlen(prefix), NULL, 10);
	for (; size >= 1024 && size % 1024 == 0 && unit < 2; unit++)
		size /= 1024;
	return xasprintf("%lu%cB", size, units[unit]);
}

static void add_pages(cJSON *map, const char *size, const struct place *place)
{
	static const char *const v1[] = { "usage_in_bytes", "max_usage_in_bytes", "failcnt" };
	static const char *const v2[] = { "current", "", "events" };
	static const char *const keys[] = { "usage", "max", "failcnt" };
	int fd = place->fd[CONTROLLER_HUGETLB];
	cJSON *entry = json_add_object(map, size);

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		autofree char *file = xasprintf("hugetlb.%s.%s", size, place->v1 ? v1[i] : v2[i]);
		bool events = !place->v1 && i == 2;
		uint64_t value = events ? cgread_keyed(fd, file, "max") : cgread_number(fd, file);

		add_number(entry, keys[i], known(value));
	}
}

static void add_hugepages(cJSON *stats, const struct place *place)
{
	cJSON *map = json_add_object(stats, "hugetlb");
	autodir DIR *dir = opendir(HUGEPAGES);
	struct dirent *entry;

	if (place->fd[CONTROLLER_HUGETLB] < 0)
		return;
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		autofree char *size = page_size(entry->d_name);

		if (size != NULL)
			add_pages(map, size, place);
	}
}

/* --- all of them ------------------------------------------------------------------------------ */

static void open_place(const struct cgroup *cgroup, int any, struct place *place)
{
	place->v1 = cgroup->driver == &cgroup_driver_v1;
	for (size_t i = 0; i < CONTROLLER_MAX; i++)
		place->fd[i] = place->v1 ? cgroup1_open(cgroup, i) : any;
}

static void close_place(const struct place *place)
{
	for (size_t i = 0; place->v1 && i < CONTROLLER_MAX; i++)
		cleanup_close(&place->fd[i]);
}

int cgstats_read(const struct cgroup *cgroup, cJSON **ret_stats)
{
	autoclose int fd = cgroup->path != NULL ? cgroup->driver->open(cgroup) : -ENOENT;
	struct place place;
	cJSON *stats;

	if (fd < 0)
		return fd;
	open_place(cgroup, fd, &place);
	stats = json_object();
	add_cpu(stats, &place);
	add_cpuset(stats, &place);
	add_memory(stats, &place);
	add_pids(stats, &place);
	add_io(stats, &place);
	add_hugepages(stats, &place);
	json_add_object(stats, "intel_rdt");
	if (cJSON_AddNullToObject(stats, "network_interfaces") == NULL)
		out_of_memory();
	close_place(&place);
	*ret_stats = stats;
	return 0;
}
