/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/cgdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/vec.h"

#define MAX_PROCS (64UL << 20) /* bytes of a list of processes */
#define MOVE_ROUNDS 100

#define NSEC_PER_MSEC 1000000L

int cgdir_make(int dirfd, const char *path)
{
	autofree char *parents = NULL;

	if (mkdirat(dirfd, path, 0755) == 0 || errno == EEXIST)
		return 0;
	if (errno != ENOENT)
		return -errno;
	parents = xstrdup(path);
	for (char *slash = parents + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
		*slash = '\0';
		if (mkdirat(dirfd, parents, 0755) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return mkdirat(dirfd, path, 0755) == 0 || errno == EEXIST ? 0 : -errno;
}

int cgdir_open(int dirfd, const char *path)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 ? fd : -errno;
}

int cgdir_write(int dirfd, const char *file, const char *text)
{
	autoclose int fd = openat(dirfd, file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd >= 0 && write(fd, text, strlen(text)) >= 0 ? 0 : -errno;
}

ssize_t cgdir_read(int dirfd, const char *file, char *text, size_t size)
{
	autoclose int fd = openat(dirfd, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t len = fd >= 0 ? read(fd, text, size - 1) : -1;

	if (len < 0)
		return -errno;
	text[len] = '\0';
	return len;
}

/* Call each(pid, arg) for every process; returns their number. */
static int procs_each(int dirfd, void (*each)(pid_t pid, void *arg), void *arg)
{
	AUTO(buf) list = BUF_INIT;
	int n = 0;

	TRY(fs_read_file(dirfd, "cgroup.procs", MAX_PROCS, &list));
	for (char *line = list.data, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		long pid = strtol(line, NULL, 10);

		/* 0: a process of a foreign pid namespace. */
		if (pid <= 0)
			continue;
		each((pid_t)pid, arg);
		n++;
	}
	return n;
}

/* Call each(dirfd, name, arg) for every cgroup directly below; the first negative result ends it.
 */
static int children_each(int dirfd, int (*each)(int dirfd, const char *name, void *arg), void *arg)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autodir DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	if (dir == NULL)
		return -errno;
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		TRY(each(dirfd, entry->d_name, arg));
	}
	return 0;
}

static void keep_one(pid_t pid, void *arg)
{
	*VEC_PUSH((struct cgdir_procs *)arg) = pid;
}

static int list_child(int dirfd, const char *name, void *arg)
{
	autoclose int fd = cgdir_open(dirfd, name);

	return fd >= 0 ? cgdir_procs(fd, arg) : 0;
}

int cgdir_procs(int dirfd, struct cgdir_procs *procs)
{
	TRY(procs_each(dirfd, keep_one, procs));
	return children_each(dirfd, list_child, procs);
}

bool cgdir_is_populated(int dirfd, const char *path)
{
	struct cgdir_procs procs = { 0 };
	autoclose int fd = cgdir_open(dirfd, path);
	bool populated = fd >= 0 && cgdir_procs(fd, &procs) >= 0 && procs.n > 0;

	free(procs.v);
	return populated;
}

static void kill_one(pid_t pid, void *arg)
{
	kill(pid, SIGKILL);
}

static int kill_child(int dirfd, const char *name, void *arg)
{
	autoclose int fd = cgdir_open(dirfd, name);
	int n = fd >= 0 ? cgdir_kill(fd) : 0;

	if (n > 0)
		*(int *)arg += n;
	return 0;
}

int cgdir_kill(int dirfd)
{
	int n = procs_each(dirfd, kill_one, NULL);

	if (n >= 0)
		children_each(dirfd, kill_child, &n);
	return n;
}

static void move_one(pid_t pid, void *arg)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", (int)pid);
	cgdir_write(*(int *)arg, "cgroup.procs", text);
}

int cgdir_move(int from, int to)
{
	int n;

	/* Those that were forked meanwhile are in the next list. */
	for (int round = 0; round < 10; round++) {
		n = procs_each(from, move_one, &to);
		if (n <= 0)
			return n;
	}
	return -EBUSY;
}

static int remove_child(int dirfd, const char *name, void *arg)
{
	return cgdir_remove(dirfd, name, *(unsigned int *)arg);
}

int cgdir_remove(int dirfd, const char *path, unsigned int wait_ms)
{
	struct timespec pause = { .tv_nsec = NSEC_PER_MSEC / 20 };
	long left = (long)wait_ms * NSEC_PER_MSEC;

	for (;;) {
		autoclose int fd = -1;

		if (unlinkat(dirfd, path, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return 0;
		if (errno != EBUSY && errno != ENOTEMPTY)
			return -errno;
		/* Either there are cgroups below, or processes that are not quite gone. */
		fd = cgdir_open(dirfd, path);
		if (fd >= 0)
			children_each(fd, remove_child, &wait_ms);
		if (unlinkat(dirfd, path, AT_REMOVEDIR) == 0)
			return 0;
		if (left <= 0)
			return -EBUSY;
		nanosleep(&pause, NULL);
		left -= pause.tv_nsec;
		if (pause.tv_nsec < 5 * NSEC_PER_MSEC)
			pause.tv_nsec *= 2;
	}
}

static bool has(const struct cgdir_procs *procs, pid_t pid)
{
	for (size_t i = 0; i < procs->n; i++)
		if (procs->v[i] == pid)
			return true;
	return false;
}

/* Those that are forked there are born there: in the end nobody is left. */
int cgdir_gather(int from, int to)
{
	for (int round = 0; round < MOVE_ROUNDS; round++) {
		struct cgdir_procs all = { 0 }, there = { 0 };
		size_t moved = 0;
		char text[16];

		cgdir_procs(from, &all);
		cgdir_procs(to, &there);
		for (size_t i = 0; i < all.n; i++) {
			if (has(&there, all.v[i]))
				continue;
			snprintf(text, sizeof(text), "%d", (int)all.v[i]);
			cgdir_write(to, "cgroup.procs", text);
			moved++;
		}
		free(all.v);
		free(there.v);
		if (moved == 0)
			return 0;
	}
	return -EBUSY;
}
