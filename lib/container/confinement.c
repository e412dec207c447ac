/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/confinement.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/proc.h"
#include "spec/names.h"

/* The value of "KEY:\tVALUE" in /proc/PID/status; to be freed, NULL where there is none. */
static char *value_of(const char *status, const char *key)
{
	autofree char *start = xasprintf("\n%s:", key);
	const char *at = strstr(status, start);

	if (at == NULL)
		return NULL;
	at += strlen(start);
	at += strspn(at, "\t ");
	return xstrndup(at, strcspn(at, "\n"));
}

static int64_t number_of(const char *status, const char *key)
{
	autofree char *value = value_of(status, key);

	return value != NULL ? strtoll(value, NULL, 10) : -1;
}

/* Real, effective, saved, and of files: they differ where something is odd. */
static void add_ids(cJSON *json, const char *key, const char *status, const char *field)
{
	autofree char *value = value_of(status, field);
	cJSON *array = json_add_array(json, key);
	char *state = NULL;

	for (char *word = value != NULL ? strtok_r(value, "\t ", &state) : NULL; word != NULL;
	     word = strtok_r(NULL, "\t ", &state))
		json_push(array, cJSON_CreateNumber((double)strtoul(word, NULL, 10)));
}

static void add_caps(cJSON *json, const char *status)
{
	static const struct {
		const char *key, *field;
	} sets[] = {
		{ "Effective", "CapEff" },   { "Permitted", "CapPrm" }, { "Bounding", "CapBnd" },
		{ "Inheritable", "CapInh" }, { "Ambient", "CapAmb" },
	};
	cJSON *object = json_add_object(json, "Capabilities");

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		autofree char *value = value_of(status, sets[i].field);
		uint64_t mask = value != NULL ? strtoull(value, NULL, 16) : 0;
		cJSON *array = json_add_array(object, sets[i].key);

		for (int cap = 0; cap < 64; cap++) {
			autofree char *other = xasprintf("CAP_%d", cap);

			if ((mask >> cap & 1) != 0)
				json_push_string(array,
						 cap_name(cap) != NULL ? cap_name(cap) : other);
		}
	}
}

static void add_seccomp(cJSON *json, const char *status)
{
	static const char *const modes[] = { "disabled", "strict", "filter" };
	int64_t mode = number_of(status, "Seccomp"), filters = number_of(status, "Seccomp_filters");

	json_add_string(json, "Seccomp",
			mode >= 0 && mode < (int64_t)ARRAY_SIZE(modes) ? modes[mode] : "unknown");
	if (filters >= 0)
		json_add_int(json, "SeccompFilters", filters);
}

static int add_map(cJSON *json, const char *key, int dirfd, const char *file)
{
	AUTO(buf) text = BUF_INIT;
	cJSON *array = json_add_array(json, key);
	unsigned int inside, outside, count;
	int used;

	TRY(fs_read_file(dirfd, file, MAX_STATE_FILE, &text));
	for (const char *line = text.data;
	     sscanf(line, "%u %u %u%n", &inside, &outside, &count, &used) == 3; line += used) {
		cJSON *range = json_object();

		json_add_int(range, "ContainerID", inside);
		json_add_int(range, "HostID", outside);
		json_add_int(range, "Size", count);
		json_push(array, range);
	}
	return 0;
}

/* "Own": it is not that of the caller. */
static void add_namespaces(cJSON *json, int dirfd)
{
	cJSON *object = json_add_object(json, "Namespaces");

	for (size_t i = 0; i < NS_MAX; i++) {
		autofree char *its = xasprintf("ns/%s", ns_table[i].proc_name);
		autofree char *ours = xasprintf("/proc/self/ns/%s", ns_table[i].proc_name);
		struct stat its_stat, our_stat;
		cJSON *namespace;

		if (fstatat(dirfd, its, &its_stat, 0) < 0 || stat(ours, &our_stat) < 0)
			continue;
		namespace = json_add_object(object, ns_table[i].type);
		json_add_int(namespace, "Inode", (int64_t)its_stat.st_ino);
		json_add_bool(namespace, "Own", its_stat.st_ino != our_stat.st_ino);
	}
}

/* A line for each hierarchy: "0::/path", "8:pids:/path". */
static int add_cgroups(cJSON *json, int dirfd)
{
	AUTO(buf) text = BUF_INIT;
	cJSON *object = json_add_object(json, "Cgroups");
	char *state = NULL;

	TRY(fs_read_file(dirfd, "cgroup", MAX_STATE_FILE, &text));
	for (char *line = strtok_r(text.data, "\n", &state); line != NULL;
	     line = strtok_r(NULL, "\n", &state)) {
		char *names = strchr(line, ':'),
		     *path = names != NULL ? strchr(names + 1, ':') : NULL;

		if (path == NULL)
			continue;
		*path = '\0';
		if (cJSON_GetObjectItemCaseSensitive(object, names + 1) == NULL)
			json_add_string(object, names[1] != '\0' ? names + 1 : "unified", path + 1);
	}
	return 0;
}

/* Without a security module that labels processes there is nothing to read. */
static void add_label(cJSON *json, int dirfd)
{
	AUTO(buf) text = BUF_INIT;

	if (fs_read_file(dirfd, "attr/current", MAX_STATE_FILE, &text) < 0)
		err_clear();
	text.data[strcspn(text.data, "\n")] = '\0';
	json_add_string(json, "ProcessLabel", text.data);
}

static int read_all(int dirfd, cJSON *json)
{
	AUTO(buf) status = BUF_INIT;
	int64_t nnp;

	TRY(fs_read_file(dirfd, "status", MAX_STATE_FILE, &status));
	nnp = number_of(status.data, "NoNewPrivs");
	add_ids(json, "Uids", status.data, "Uid");
	add_ids(json, "Gids", status.data, "Gid");
	add_ids(json, "Groups", status.data, "Groups");
	TRY(add_map(json, "UidMap", dirfd, "uid_map"));
	TRY(add_map(json, "GidMap", dirfd, "gid_map"));
	add_caps(json, status.data);
	json_add_bool(json, "NoNewPrivs", nnp == 1);
	add_seccomp(json, status.data);
	add_namespaces(json, dirfd);
	TRY(add_cgroups(json, dirfd));
	add_label(json, dirfd);
	return 0;
}

int confinement_read(const struct target *target, cJSON **ret_json)
{
	const struct record *record = &target->record;
	autofree char *path = xasprintf("/proc/%d", (int)record->pid);
	autojson cJSON *json = json_object();
	autoclose int fd = fs_open(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0);
	int rc;

	TRY(fd);
	/* Now that the directory is open it stays this process's, or says that it is gone. */
	if (!proc_is_alive(record->pid, record->pid_start))
		return refuse_with(ESRCH, "the container '%s' is just ending", record->name);
	rc = read_all(fd, json);
	if (rc < 0)
		return fail_in(rc, "container '%s'", record->name);
	*ret_json = steal(json);
	return 0;
}
