/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/cell.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/capability.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/exit.h"
#include "base/fs.h"
#include "base/proc.h"
#include "image/dirtree.h"

#define MEMORY_MAX (512ULL << 20) /* more than the process has when it begins */
#define SECONDS_MAX 7200          /* of all processors: the largest layer takes half of it */
#define DESCRIPTORS_MAX (DIRTREE_FDS + 32)

/* Numbers of the descriptors inside. */
enum {
	CELL_IN = 3,
	CELL_REPORT,
	CELL_ROOT,
	CELL_FDS_END,
};

/* What making files of any owner and mode takes. */
static const cap_value_t kept_caps[] = {
	CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_SETFCAP,
};

struct making {
	const struct cell_plan *plan;
	int sync[2]; /* a byte comes when the maps are written, if any */
	int report[2];
};

static void making_release(struct making *making)
{
	for (int i = 0; i < 2; i++) {
		cleanup_close(&making->sync[i]);
		cleanup_close(&making->report[i]);
	}
}

/* Until it has written the maps. With PR_SET_PDEATHSIG set before, its end cannot be missed. */
static int wait_for_maker(const struct making *making)
{
	char byte;
	ssize_t n;

	do
		n = read(making->sync[0], &byte, 1);
	while (n < 0 && errno == EINTR);
	return n == 1 ? 0 : refuse_with(ECANCELED, "the parent ended");
}

static int become_root(const struct making *making)
{
	const bool mapped = making->plan->maps->uid.n != 0;

	/* The system calls themselves: the library would look for threads that were not cloned.
	 * Dropping the groups is not allowed where gid_map was written without privilege, and then
	 * they are only what the caller has anyway. */
	if (syscall(SYS_setgroups, 0, NULL) < 0 && !mapped)
		return fail("cannot drop the groups");
	if (!mapped)
		return 0;
	if (syscall(SYS_setresgid, 0, 0, 0) < 0 || syscall(SYS_setresuid, 0, 0, 0) < 0)
		return fail("cannot become root in the user namespace");
	/* Changes of ids clear it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return 0;
}

/* A mount of nothing but the directory. It was opened in the maker's mount namespace, whose mounts
 * cannot be cloned here: it is opened again. */
static int clone_directory(const char *path, int *ret_dir)
{
	struct mount_attr attr = {
		.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
	};
	autoclose int dir = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	autoclose int mount = -1;

	if (dir < 0)
		return fail("cannot open '%s'", path);
	mount = (int)syscall(SYS_open_tree, dir, "",
			     AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (mount < 0)
		return fail("cannot clone the mount of '%s'", path);
	if (syscall(SYS_mount_setattr, mount, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return fail("cannot restrict the mount of '%s'", path);
	*ret_dir = steal_fd(&dir);
	return steal_fd(&mount);
}

static int change_root(const char *path)
{
	struct mount_attr private = { .propagation = MS_PRIVATE };
	autoclose int dir = -1, mount_fd = -1;

	if (syscall(SYS_mount_setattr, AT_FDCWD, "/", AT_RECURSIVE, &private, sizeof(private)) < 0)
		return fail("cannot make the mounts private");
	mount_fd = clone_directory(path, &dir);
	TRY(mount_fd);
	if (syscall(SYS_move_mount, mount_fd, "", dir, "",
		    MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return fail("cannot mount '%s'", path);
	/* The old root comes to lie on the new one, and goes with all that is mounted below it. */
	if (fchdir(mount_fd) < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
		return fail("cannot change the root to '%s'", path);
	if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return fail("cannot leave the old root");
	return 0;
}

/* Put the descriptors that stay where they belong, and close everything else. */
static int arrange_descriptors(int in, int report, int null)
{
	int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const int from[] = { in, report, root };
	int high[ARRAY_SIZE(from)];

	if (root < 0)
		return fail("cannot open the root of the cell");
	/* Out of the way of each other. */
	for (size_t i = 0; i < ARRAY_SIZE(from); i++)
		high[i] = fcntl(from[i], F_DUPFD_CLOEXEC, CELL_FDS_END);
	for (int i = 0; i < CELL_IN; i++)
		if (dup2(null, i) < 0)
			return fail("cannot arrange the descriptors");
	for (size_t i = 0; i < ARRAY_SIZE(from); i++)
		if (high[i] < 0 || dup3(high[i], CELL_IN + (int)i, O_CLOEXEC) < 0)
			return fail("cannot arrange the descriptors");
	if (close_range(CELL_FDS_END, ~0U, 0) < 0)
		return fail("cannot close the other descriptors");
	return 0;
}

static int set_limit(int resource, rlim_t value, const char *what)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) < 0)
		return fail("cannot read the limit of %s", what);
	if (limit.rlim_max < value)
		value = limit.rlim_max;
	limit = (struct rlimit){ .rlim_cur = value, .rlim_max = value };
	if (setrlimit(resource, &limit) < 0)
		return fail("cannot set the limit of %s", what);
	return 0;
}

/* The first number of statm is the size in pages. */
static int read_memory(uint64_t *ret_bytes)
{
	AUTO(buf) text = BUF_INIT;

	TRY(fs_read_file(AT_FDCWD, "/proc/self/statm", 256, &text));
	*ret_bytes = strtoull(text.data, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
	return 0;
}

static int set_limits(uint64_t memory)
{
	TRY(set_limit(RLIMIT_AS, memory + MEMORY_MAX, "memory"));
	TRY(set_limit(RLIMIT_CPU, SECONDS_MAX, "time"));
	TRY(set_limit(RLIMIT_NOFILE, DESCRIPTORS_MAX, "descriptors"));
	return set_limit(RLIMIT_CORE, 0, "core files");
}

static int drop_capabilities(void)
{
	cap_t caps = cap_init();
	int rc;

	for (cap_value_t cap = 0; cap_get_bound(cap) >= 0; cap++) {
		bool keep = false;

		for (size_t i = 0; i < ARRAY_SIZE(kept_caps); i++)
			keep = keep || kept_caps[i] == cap;
		if (!keep && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return fail("cannot drop capability %d", cap);
	}
	rc = caps == NULL ||
	     cap_set_flag(caps, CAP_PERMITTED, ARRAY_SIZE(kept_caps), kept_caps, CAP_SET) < 0 ||
	     cap_set_flag(caps, CAP_EFFECTIVE, ARRAY_SIZE(kept_caps), kept_caps, CAP_SET) < 0 ||
	     cap_set_proc(caps) < 0;
	cap_free(caps);
	if (rc != 0)
		return fail("cannot drop the capabilities of the unpacker");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fail("cannot set no_new_privs");
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	return 0;
}

/* Null for the standard ones; of the others only `keep`. */
static int keep_descriptors(int null, const int *keep, size_t n)
{
	unsigned int from = CELL_IN;

	for (int i = 0; i < CELL_IN; i++)
		if (dup2(null, i) < 0)
			return fail("cannot arrange the descriptors");
	while (from < ~0U) {
		unsigned int next = ~0U;

		for (size_t i = 0; i < n; i++)
			if (keep[i] >= 0 && (unsigned int)keep[i] >= from &&
			    (unsigned int)keep[i] < next)
				next = (unsigned int)keep[i];
		if (next > from && close_range(from, next == ~0U ? next : next - 1, 0) < 0)
			return fail("cannot close the other descriptors");
		from = next == ~0U ? next : next + 1;
	}
	return 0;
}

int cell_prepare(struct cell_kit *ret_kit)
{
	uint64_t memory = 0;
	int null;

	TRY(read_memory(&memory));
	null = fs_open(AT_FDCWD, "/dev/null", O_RDWR, 0);
	TRY(null);
	*ret_kit = (struct cell_kit){ .null = null, .memory = memory };
	return 0;
}

int cell_enter(const struct cell_kit *kit, const int *keep, size_t n)
{
	TRY(keep_descriptors(kit->null, keep, n));
	TRY(set_limits(kit->memory));
	TRY(drop_capabilities());
	return cell_filter();
}

static int confine(struct making *making)
{
	struct cell_kit kit = CELL_KIT_INIT;

	TRY(wait_for_maker(making));
	TRY(become_root(making));
	TRY(cell_prepare(&kit));
	TRY(change_root(making->plan->path));
	TRY(arrange_descriptors(making->plan->in, making->report[1], kit.null));
	/* `kit.null` was closed with the others. */
	making->report[1] = CELL_REPORT;
	TRY(set_limits(kit.memory));
	return drop_capabilities();
}

/* Never returns. */
static void run_cell(struct making *making)
{
	int rc;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(steal_fd(&making->sync[1]));
	rc = confine(making);
	if (rc < 0)
		making->plan->body(making->plan->arg, rc, -1, -1, making->report[1]);
	else
		making->plan->body(making->plan->arg, 0, CELL_IN, CELL_ROOT, CELL_REPORT);
	_exit(0);
}

static pid_t clone_cell(bool new_user)
{
	struct clone_args args = {
		.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS,
		.exit_signal = SIGCHLD,
	};

	if (new_user)
		args.flags |= CLONE_NEWUSER;
	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

int cell_start(const struct cell_plan *plan, struct cell *ret_cell)
{
	AUTO(making) making = { .plan = plan, .sync = { -1, -1 }, .report = { -1, -1 } };
	bool new_user = plan->maps->uid.n != 0;
	struct cell cell = CELL_INIT;
	int rc = 0;

	if (pipe2(making.sync, O_CLOEXEC) < 0 || pipe2(making.report, O_CLOEXEC) < 0)
		return fail("cannot talk to a child");
	err_clear();
	cell.pid = clone_cell(new_user);
	if (cell.pid < 0)
		return new_user ? idmap_explain(errno)
				: fail("cannot make the namespaces of a cell");
	if (cell.pid == 0)
		run_cell(&making);
	if (new_user)
		rc = idmap_write(cell.pid, plan->maps);
	/* Our own reading end is still open: there is no SIGPIPE. */
	if (rc >= 0 && write(making.sync[1], "", 1) != 1)
		rc = fail("cannot talk to a child");
	cell.report = steal_fd(&making.report[0]);
	if (rc < 0)
		cell_release(&cell);
	else
		*ret_cell = cell;
	return rc;
}

static int explain_end(int status)
{
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		return refuse_with(EPERM, "the unpacker made a system call that it may not make");
	if (WIFSIGNALED(status))
		return refuse_with(EIO, "the unpacker was ended by signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status) == EXIT_BERTH)
		return refuse_with(ENOMEM, "the unpacker needs more than %llu MiB of memory",
				   MEMORY_MAX >> 20);
	return refuse_with(EIO, "the unpacker ended with status %d", WEXITSTATUS(status));
}

int cell_finish(struct cell *cell, void *ret_report, size_t size)
{
	size_t done = 0;
	int status = 0;
	ssize_t n;

	do {
		n = read(cell->report, (char *)ret_report + done, size - done);
		if (n > 0)
			done += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	close(steal_fd(&cell->report));
	TRY(proc_reap(cell->pid, &status));
	cell->pid = -1;
	return done == size ? 0 : explain_end(status);
}

void cell_release(struct cell *cell)
{
	cleanup_close(&cell->report);
	if (cell->pid > 0) {
		kill(cell->pid, SIGKILL);
		waitpid(cell->pid, NULL, 0);
	}
	*cell = (struct cell)CELL_INIT;
}
