/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of a container's description that are about the host: HostConfig, NetworkSettings and
 * Mounts. Limits of one that runs are the kernel's, those of others are what the plan says. */
#include "command/inspect.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "box/cgusage.h"
#include "spec/names.h"

#define NANO UINT64_C(1000000000)

static const cJSON *at(const cJSON *json, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(json, key);
}

static int64_t number_at(const cJSON *json, const char *key, int64_t missing)
{
	int64_t value = missing;

	if (json == NULL || json_get_int(json, key, INT64_MIN, INT64_MAX, &value) < 0)
		err_clear();
	return value;
}

static const char *text_at(const cJSON *json, const char *key)
{
	const cJSON *value = at(json, key);

	return cJSON_IsString(value) ? value->valuestring : "";
}

/* --- limits ----------------------------------------------------------------------------------- */

/* What the kernel says, 0 for no limit as docker has it; else what was planned. */
static int64_t limit(uint64_t kernel, int64_t planned)
{
	if (kernel == CGUSAGE_NONE)
		return 0;
	if (kernel != CGUSAGE_UNKNOWN)
		return (int64_t)kernel;
	return planned > 0 ? planned : 0;
}

static void read_usage(const struct record *record, struct cgusage *usage)
{
	struct cgroup cgroup = CGROUP_INIT;

	memset(usage, 0xff, sizeof(*usage)); /* CGUSAGE_UNKNOWN */
	if (record->status != RECORD_RUNNING || record->cgroup == NULL)
		return;
	if (cgroup_find(record->cgroup, &cgroup) < 0 || cgusage_read(&cgroup, usage) < 0)
		err_clear();
	cgroup_release(&cgroup);
}

static void add_limits(cJSON *host, const struct record *record, const cJSON *plan)
{
	const cJSON *resources = at(at(plan, "linux"), "resources");
	const cJSON *memory = at(resources, "memory"), *cpu = at(resources, "cpu");
	struct cgusage usage;
	int64_t quota, period;

	read_usage(record, &usage);
	quota = limit(usage.cpu_quota, number_at(cpu, "quota", 0));
	period = limit(usage.cpu_period, number_at(cpu, "period", 0));
	json_add_int(host, "Memory", limit(usage.memory_limit, number_at(memory, "limit", 0)));
	json_add_int(host, "MemorySwap", number_at(memory, "swap", 0));
	json_add_int(host, "MemoryReservation", number_at(memory, "reservation", 0));
	json_add_int(host, "NanoCpus",
		     quota > 0 && period > 0
			     ? (int64_t)((double)quota / (double)period * (double)NANO)
			     : 0);
	json_add_int(host, "CpuQuota", quota);
	json_add_int(host, "CpuPeriod", quota > 0 ? period : 0);
	json_add_int(host, "CpuShares", number_at(cpu, "shares", 0));
	json_add_string(host, "CpusetCpus", text_at(cpu, "cpus"));
	json_add_string(host, "CpusetMems", text_at(cpu, "mems"));
	json_add_int(host, "PidsLimit",
		     limit(usage.pids_limit, number_at(at(resources, "pids"), "limit", 0)));
	json_add_int(host, "OomScoreAdj", number_at(at(plan, "process"), "oomScoreAdj", 0));
}

static void add_ulimits(cJSON *host, const cJSON *plan)
{
	cJSON *list = json_add_array(host, "Ulimits");
	const cJSON *item;

	cJSON_ArrayForEach(item, at(at(plan, "process"), "rlimits"))
	{
		cJSON *ulimit = json_object();

		json_add_string(ulimit, "Name", text_at(item, "type"));
		json_add_int(ulimit, "Soft", number_at(item, "soft", 0));
		json_add_int(ulimit, "Hard", number_at(item, "hard", 0));
		json_push(list, ulimit);
	}
}

/* --- namespaces ------------------------------------------------------------------------------- */

/* Without a plan (--rm) the kernel is asked, as long as it runs. */
static bool is_of_host(const struct record *record, const char *file)
{
	autofree char *its = xasprintf("/proc/%d/ns/%s", (int)record->pid, file);
	autofree char *ours = xasprintf("/proc/self/ns/%s", file);
	struct stat its_stat, our_stat;

	return record->status == RECORD_RUNNING && stat(its, &its_stat) == 0 &&
	       stat(ours, &our_stat) == 0 && its_stat.st_ino == our_stat.st_ino;
}

/* "": one of its own. */
static void add_mode(cJSON *host, const char *key, const struct record *record, const cJSON *plan,
		     enum ns_kind kind)
{
	const cJSON *item;

	if (plan == NULL) {
		json_add_string(host, key,
				is_of_host(record, ns_table[kind].proc_name) ? "host" : "");
		return;
	}
	cJSON_ArrayForEach(item, at(at(plan, "linux"), "namespaces"))
	{
		autofree char *joined = NULL;

		if (strcmp(text_at(item, "type"), ns_table[kind].type) != 0)
			continue;
		if (*text_at(item, "path") != '\0')
			joined = xasprintf("ns:%s", text_at(item, "path"));
		json_add_string(host, key, joined != NULL ? joined : "");
		return;
	}
	json_add_string(host, key, "host");
}

/* "36 35 98:0 /root / ro,noatime ..." of its mount table. */
static bool root_is_read_only(const struct record *record, const cJSON *plan)
{
	autofree char *path = xasprintf("/proc/%d/mountinfo", (int)record->pid);
	AUTO(buf) text = BUF_INIT;
	char *state = NULL;

	if (plan != NULL)
		return cJSON_IsTrue(at(at(plan, "root"), "readonly"));
	if (record->status != RECORD_RUNNING ||
	    fs_read_file(AT_FDCWD, path, MAX_STATE_FILE, &text) < 0) {
		err_clear();
		return false;
	}
	for (char *line = strtok_r(text.data, "\n", &state); line != NULL;
	     line = strtok_r(NULL, "\n", &state)) {
		char point[4], options[3];

		if (sscanf(line, "%*d %*d %*s %*s %3s %2s", point, options) == 2 &&
		    strcmp(point, "/") == 0)
			return strcmp(options, "ro") == 0;
	}
	return false;
}

/* --- mounts ----------------------------------------------------------------------------------- */

static bool has_option(const cJSON *mount, const char *option)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, at(mount, "options")) if (cJSON_IsString(item) &&
							   strcmp(item->valuestring, option) ==
								   0) return true;
	return false;
}

static bool is_read_only(const cJSON *mount)
{
	return has_option(mount, "ro") || has_option(mount, "rro");
}

/* The anonymous volume of a container of --rm is a directory that goes with it. */
static bool goes_with_it(const struct record *record, const char *source)
{
	return record->ephemeral && strstr(source, record->id) != NULL;
}

/* Somebody asked for it: not /etc/hosts and its like, or a device. */
static bool is_bind(const struct record *record, const cJSON *mount)
{
	return strcmp(text_at(mount, "type"), "bind") == 0 &&
	       strvec_has(&record->mounts, text_at(mount, "source"));
}

static const char *propagation_of(const cJSON *mount)
{
	static const char *const words[] = { "shared", "rshared", "slave",
					     "rslave", "private", "unbindable" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (has_option(mount, words[i]))
			return words[i];
	return "rprivate";
}

static cJSON *add_mount(cJSON *list, const struct record *record, const char *source,
			const char *destination)
{
	autofree char *name = volumeuse_at(record, destination);
	bool volume = name != NULL || goes_with_it(record, source);
	cJSON *mount = json_object();

	json_add_string(mount, "Type", volume ? "volume" : "bind");
	json_add_string(mount, "Name", name);
	json_add_string(mount, "Source", source);
	json_add_string(mount, "Destination", destination);
	json_add_string(mount, "Driver", volume ? "local" : "");
	json_push(list, mount);
	return mount;
}

/* Of one without a plan only this is known. */
static void add_known(cJSON *list, const struct record *record)
{
	for (size_t i = 0; i < record->mounts.n; i++)
		add_mount(list, record, record->mounts.v[i], "");
}

void inspect_add_mounts(cJSON *json, const struct record *record, const cJSON *plan)
{
	cJSON *list = json_add_array(json, "Mounts");
	const cJSON *item;

	if (plan == NULL)
		add_known(list, record);
	cJSON_ArrayForEach(item, at(plan, "mounts"))
	{
		autofree char *name = volumeuse_at(record, text_at(item, "destination"));
		cJSON *mount;

		if (name == NULL && !is_bind(record, item))
			continue;
		mount = add_mount(list, record, text_at(item, "source"),
				  text_at(item, "destination"));
		json_add_string(mount, "Mode", is_read_only(item) ? "ro" : "");
		json_add_bool(mount, "RW", !is_read_only(item));
		json_add_string(mount, "Propagation", propagation_of(item));
		if (at(item, "options") != NULL)
			cJSON_AddItemToObject(mount, "Options",
					      cJSON_Duplicate(at(item, "options"), true));
	}
}

static int64_t shm_size(const cJSON *plan)
{
	const cJSON *item, *option;

	cJSON_ArrayForEach(item, at(plan, "mounts"))
	{
		if (strcmp(text_at(item, "destination"), "/dev/shm") != 0)
			continue;
		cJSON_ArrayForEach(
			option,
			at(item, "options")) if (cJSON_IsString(option) &&
						 strncmp(option->valuestring, "size=", 5) ==
							 0) return strtoll(option->valuestring + 5,
									   NULL, 10);
	}
	return 0;
}

static void add_binds(cJSON *host, const struct record *record, const cJSON *plan)
{
	cJSON *binds = json_add_array(host, "Binds"), *tmpfs = json_object();
	const cJSON *item;

	cJSON_ArrayForEach(item, at(plan, "mounts"))
	{
		const char *source = text_at(item, "source");
		autofree char *name = volumeuse_at(record, text_at(item, "destination"));
		autofree char *bind = xasprintf(
			"%s:%s:%s,%s", name != NULL ? name : source, text_at(item, "destination"),
			is_read_only(item) ? "ro" : "rw", propagation_of(item));

		if (name != NULL ? !volumeuse_is_own(record, name)
				 : is_bind(record, item) && !goes_with_it(record, source))
			json_push_string(binds, bind);
		/* Those in /dev are not asked for. */
		if (name == NULL && strcmp(text_at(item, "type"), "tmpfs") == 0 &&
		    strncmp(text_at(item, "destination"), "/dev", 4) != 0)
			json_add_string(tmpfs, text_at(item, "destination"),
					is_read_only(item) ? "ro" : "");
	}
	cJSON_AddItemToObject(host, "Tmpfs", tmpfs);
}

/* --- ports ------------------------------------------------------------------------------------ */

/* "IP:FIRST[-LAST]->PORT[-LAST]/PROTO" as docker's {"PORT/PROTO": [{"HostIp", "HostPort"}]}. */
static void add_port(cJSON *map, const char *text)
{
	const char *arrow = strstr(text, "->"), *slash = strrchr(text, '/'), *colon = arrow;
	unsigned long from, to, last;
	char *end;

	while (colon != NULL && colon > text && *colon != ':')
		colon--;
	if (arrow == NULL || slash == NULL || *colon != ':')
		return;
	from = strtoul(colon + 1, NULL, 10);
	last = to = strtoul(arrow + 2, &end, 10);
	if (*end == '-')
		last = strtoul(end + 1, NULL, 10);
	for (; to <= last; to++, from++) {
		autofree char *key = xasprintf("%lu/%s", to, slash + 1);
		autofree char *address = xstrndup(text, (size_t)(colon - text));
		autofree char *port = xasprintf("%lu", from);
		cJSON *list = cJSON_GetObjectItemCaseSensitive(map, key), *entry = json_object();

		json_add_string(entry, "HostIp", address);
		json_add_string(entry, "HostPort", port);
		json_push(list != NULL ? list : json_add_array(map, key), entry);
	}
}

static void add_ports(cJSON *json, const char *key, const struct record *record)
{
	cJSON *map = json_add_object(json, key);

	for (size_t i = 0; i < record->ports.n; i++)
		add_port(map, record->ports.v[i]);
}

void inspect_add_network(cJSON *json, const struct record *record)
{
	cJSON *settings = json_add_object(json, "NetworkSettings"), *networks;
	autofree char *key = NULL;

	add_ports(settings, "Ports", record);
	/* No driver that there is gives a container an address of its own. */
	json_add_string(settings, "IPAddress", "");
	if (record->status == RECORD_RUNNING && record->pid > 0)
		key = xasprintf("/proc/%d/ns/net", (int)record->pid);
	json_add_string(settings, "SandboxKey", key != NULL ? key : "");
	networks = json_add_object(settings, "Networks");
	if (record->network != NULL)
		json_add_string(json_add_object(networks, record->network), "IPAddress", "");
}

/* "on-failure:3" */
static void add_restart(cJSON *host, const struct record *record)
{
	const char *policy = record->restart != NULL ? record->restart : "no";
	size_t len = strcspn(policy, ":");
	autofree char *name = xstrndup(policy, len);
	cJSON *restart = json_add_object(host, "RestartPolicy");

	json_add_string(restart, "Name", name);
	json_add_int(restart, "MaximumRetryCount",
		     policy[len] == ':' ? strtoll(policy + len + 1, NULL, 10) : 0);
}

void inspect_add_host(cJSON *json, const struct record *record, const cJSON *plan)
{
	cJSON *host = json_add_object(json, "HostConfig");

	json_add_bool(host, "AutoRemove", record->ephemeral || record->auto_remove);
	json_add_string(host, "NetworkMode", record->network != NULL ? record->network : "");
	add_ports(host, "PortBindings", record);
	add_restart(host, record);
	if (plan != NULL) {
		add_binds(host, record, plan);
		json_add_int(host, "ShmSize", shm_size(plan));
		add_ulimits(host, plan);
	}
	add_limits(host, record, plan);
	add_mode(host, "PidMode", record, plan, NS_PID);
	add_mode(host, "IpcMode", record, plan, NS_IPC);
	add_mode(host, "UTSMode", record, plan, NS_UTS);
	add_mode(host, "CgroupnsMode", record, plan, NS_CGROUP);
	json_add_bool(host, "ReadonlyRootfs", root_is_read_only(record, plan));
}
