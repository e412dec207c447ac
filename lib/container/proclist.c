/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/proclist.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/vec.h"

/* --- which ------------------------------------------------------------------------------------ */

struct candidate {
	pid_t pid, parent;
	bool member;
};

struct candidates {
	struct candidate *v;
	size_t n;
};

static ino_t namespace_of(pid_t pid)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)pid);
	return stat(path, &st) == 0 ? st.st_ino : 0;
}

static pid_t parent_of(int dirfd)
{
	char text[1024];
	autoclose int fd = openat(dirfd, "stat", O_RDONLY | O_CLOEXEC);
	ssize_t len = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
	const char *after;
	int parent = -1;

	if (len <= 0)
		return -1;
	text[len] = '\0';
	after = strrchr(text, ')');
	return after != NULL && sscanf(after + 1, " %*c %d", &parent) == 1 ? parent : -1;
}

/* Every process there is, with its parent; those of the namespace (0: do not look) are members. */
static int scan(ino_t namespace, struct candidates *all)
{
	autodir DIR *proc = opendir("/proc");
	const struct dirent *entry;

	if (proc == NULL)
		return fail("cannot read '/proc'");
	while ((entry = readdir(proc)) != NULL) {
		struct candidate candidate = { .pid = (pid_t)strtol(entry->d_name, NULL, 10) };
		autoclose int fd = -1;

		if (candidate.pid <= 0)
			continue;
		fd = openat(dirfd(proc), entry->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		candidate.parent = fd >= 0 ? parent_of(fd) : -1;
		if (candidate.parent < 0)
			continue;
		candidate.member = namespace != 0 && namespace_of(candidate.pid) == namespace;
		*VEC_PUSH(all) = candidate;
	}
	return 0;
}

static bool is_member(const struct candidates *all, pid_t pid)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].pid == pid)
			return all->v[i].member;
	return false;
}

/* Nested namespaces, and what is in the host's. */
static void add_descendants(struct candidates *all)
{
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < all->n; i++)
			if (!all->v[i].member && is_member(all, all->v[i].parent)) {
				all->v[i].member = true;
				more = true;
			}
	}
}

static int search(const struct target *target, pid_t **ret_pids, size_t *ret_n)
{
	pid_t first = target->record.pid;
	ino_t namespace = namespace_of(first);
	struct candidates all = { 0 };
	struct {
		pid_t *v;
		size_t n;
	} pids = { 0 };
	int rc = scan(namespace != namespace_of(getpid()) ? namespace : 0, &all);

	for (size_t i = 0; i < all.n; i++)
		all.v[i].member |= all.v[i].pid == first;
	add_descendants(&all);
	for (size_t i = 0; i < all.n && rc >= 0; i++)
		if (all.v[i].member)
			*VEC_PUSH(&pids) = all.v[i].pid;
	free(all.v);
	*ret_pids = pids.v;
	*ret_n = pids.n;
	return rc;
}

int proclist_pids(const struct target *target, pid_t **ret_pids, size_t *ret_n)
{
	if (target->cgroup.path != NULL && cgroup_procs(&target->cgroup, ret_pids, ret_n) >= 0 &&
	    *ret_n > 0)
		return 0;
	err_clear();
	return search(target, ret_pids, ret_n);
}

/* --- what they are ---------------------------------------------------------------------------- */

/* The name is in parentheses and may hold any byte; the last one ends it. */
static bool parse_stat(const char *text, struct proclist_entry *entry)
{
	const char *open = strchr(text, '('), *close = strrchr(text, ')');
	unsigned long long times[4], start, size, resident;
	long children[2];

	if (open == NULL || close == NULL || close < open)
		return false;
	if (sscanf(close + 1,
		   " %c %d %d %d %u %*d %*u %*u %*u %*u %*u %llu %llu %ld %ld %*d %ld %ld %*d "
		   "%llu %llu %llu",
		   &entry->state, &entry->parent, &entry->group, &entry->session, &entry->terminal,
		   &times[0], &times[1], &children[0], &children[1], &entry->nice, &entry->threads,
		   &start, &size, &resident) != 14)
		return false;
	entry->name = xstrndup(open + 1, (size_t)(close - open - 1));
	entry->user_ticks = times[0];
	entry->system_ticks = times[1];
	entry->child_user_ticks = (uint64_t)children[0];
	entry->child_system_ticks = (uint64_t)children[1];
	entry->start = start;
	entry->virtual_bytes = size;
	entry->resident_pages = resident;
	return true;
}

/* "RssAnon:	      96 kB" */
static uint64_t kilobytes(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at != NULL ? strtoull(at + strlen(key), NULL, 10) * 1024 : 0;
}

/* NSpid has a number for each process namespace that it is in. */
static void parse_status(const char *text, struct proclist_entry *entry)
{
	const char *uid = strstr(text, "\nUid:"), *gid = strstr(text, "\nGid:");
	const char *pids = strstr(text, "\nNSpid:");

	if (uid != NULL)
		(void)sscanf(uid + 5, "%*u %u", &entry->uid);
	if (gid != NULL)
		(void)sscanf(gid + 5, "%*u %u", &entry->gid);
	entry->own_bytes = kilobytes(text, "\nRssAnon:") + kilobytes(text, "\nRssShmem:");
	entry->inner_pid = entry->pid;
	if (pids == NULL)
		return;
	pids += strlen("\nNSpid:");
	for (char *end; *pids != '\n' && *pids != '\0'; pids = end) {
		long pid = strtol(pids, &end, 10);

		if (end == pids)
			break;
		entry->inner_pid = (pid_t)pid;
	}
}

static void read_command(int dirfd, struct proclist_entry *entry)
{
	autoclose int fd = openat(dirfd, "cmdline", O_RDONLY | O_CLOEXEC);
	AUTO(buf) text = BUF_INIT;
	ssize_t len = 1;

	while (fd >= 0 && len > 0 && text.len < MAX_CMDLINE) {
		len = read(fd, buf_reserve(&text, 4096), 4096);
		if (len > 0) {
			text.len += (size_t)len;
			text.data[text.len] = '\0';
		}
	}
	while (text.len > 0 && text.data[text.len - 1] == '\0')
		text.len--;
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] == '\0')
			text.data[i] = ' ';
	if (text.len == 0)
		buf_addf(&text, "[%s]", entry->name);
	entry->command = buf_steal(&text);
}

static bool read_entry(pid_t pid, struct proclist_entry *entry)
{
	AUTO(buf) stat = BUF_INIT, status = BUF_INIT;
	autoclose int fd = -1;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fs_read_file(fd, "stat", MAX_STATE_FILE, &stat) < 0 ||
	    fs_read_file(fd, "status", MAX_STATE_FILE, &status) < 0)
		return false;
	entry->pid = pid;
	if (!parse_stat(stat.data, entry))
		return false;
	parse_status(status.data, entry);
	read_command(fd, entry);
	return true;
}

static void entry_free(struct proclist_entry *entry)
{
	free(entry->name);
	free(entry->command);
}

static int compare(const void *left, const void *right)
{
	const struct proclist_entry *a = left, *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return a->pid < b->pid ? -1 : a->pid > b->pid;
}

int proclist_read(const struct target *target, struct proclist *ret_list)
{
	struct proclist list = { 0 };
	autofree pid_t *pids = NULL;
	size_t n = 0;

	TRY(proclist_pids(target, &pids, &n));
	for (size_t i = 0; i < n; i++) {
		struct proclist_entry entry = { 0 };

		if (read_entry(pids[i], &entry))
			*VEC_PUSH(&list) = entry;
		else
			entry_free(&entry);
	}
	if (list.n > 0)
		qsort(list.v, list.n, sizeof(*list.v), compare);
	(void)idmap_of_process(target->record.pid, "uid_map", &list.maps.uid);
	(void)idmap_of_process(target->record.pid, "gid_map", &list.maps.gid);
	err_clear();
	*ret_list = list;
	return 0;
}

void proclist_release(struct proclist *list)
{
	for (size_t i = 0; i < list->n; i++)
		entry_free(&list->v[i]);
	free(list->v);
	idmaps_release(&list->maps);
	*list = (struct proclist){ 0 };
}
