/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/passwd.h"
#include "base/proc.h"
#include "base/vec.h"

/* The first number in a file of /proc, or -1 where there is no such file: most kernels have only
 * some of them. */
static long read_number(const char *path)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[32];
	ssize_t n;
	long value;

	if (fd < 0)
		return -1;
	n = read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return -1;
	text[n] = '\0';
	return sscanf(text, "%ld", &value) == 1 ? value : -1;
}

static bool is_unconfined(void)
{
	autoclose int fd = open("/proc/self/attr/apparmor/current", O_RDONLY | O_CLOEXEC);
	char text[16] = "";

	if (fd < 0)
		return true;
	return read(fd, text, sizeof(text) - 1) > 0 && strncmp(text, "unconfined", 10) == 0;
}

int idmap_check_userns(void)
{
	if (read_number("/proc/sys/user/max_user_namespaces") == 0) {
		refuse_with(EPERM, "user namespaces are forbidden: user.max_user_namespaces is 0");
		hint("as root: sysctl -w user.max_user_namespaces=15000");
		return -EPERM;
	}
	if (geteuid() == 0)
		return 0;
	if (read_number("/proc/sys/kernel/unprivileged_userns_clone") == 0) {
		refuse_with(EPERM, "user namespaces are forbidden to ordinary users: "
				   "kernel.unprivileged_userns_clone is 0");
		hint("as root: sysctl -w kernel.unprivileged_userns_clone=1");
		return -EPERM;
	}
	if (read_number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1 &&
	    is_unconfined()) {
		refuse_with(EPERM, "user namespaces of ordinary users have no capabilities: "
				   "kernel.apparmor_restrict_unprivileged_userns is 1");
		hint("as root: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or give "
		     "berth an AppArmor profile with 'userns,'");
		return -EPERM;
	}
	return 0;
}

int idmap_explain(int err)
{
	err = err < 0 ? -err : err;
	if (access("/proc/self/ns/user", F_OK) < 0) {
		refuse_with(err, "this kernel has no user namespaces");
		hint("it was built without CONFIG_USER_NS");
		return -err;
	}
	if (idmap_check_userns() < 0)
		return -err;
	fail_with(err, "cannot make a user namespace");
	if (err == ENOSPC || err == EUSERS)
		hint("too many of them exist, or they are nested too deeply; as root: sysctl -w "
		     "user.max_user_namespaces=15000");
	else if (err == EPERM && prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != 0)
		hint("a seccomp filter forbids it: is this a container that does not allow "
		     "nested ones?");
	else if (err == EPERM)
		hint("a process in a chroot(2) may not make one; a security module may forbid it");
	return -err;
}

/* ---- writing the maps ---- */

struct side {
	const char *helper, *file, *subids;
	const struct idmap *map;
	struct proc proc;
	char *path;
	struct strvec argv;
	int err; /* read end of the helper's messages */
};

static void side_release(struct side *side)
{
	proc_release(&side->proc);
	free(side->path);
	strvec_release(&side->argv);
	cleanup_close(&side->err);
}

static int write_direct(pid_t pid, const struct side *side)
{
	AUTO(buf) text = BUF_INIT;
	char path[48];

	for (size_t i = 0; i < side->map->n; i++)
		buf_addf(&text, "%u %u %u\n", side->map->v[i].inside, side->map->v[i].outside,
			 side->map->v[i].count);
	snprintf(path, sizeof(path), "/proc/%d/%s", pid, side->file);
	return fs_write_file(AT_FDCWD, path, text.data);
}

static bool is_own_id(const struct idmap *map, uint32_t own)
{
	return map->n == 1 && map->v[0].count == 1 && map->v[0].outside == own;
}

static int start_helper(pid_t pid, struct side *side)
{
	int ends[2];
	int rc;

	TRY(idmap_check_helper(side->helper, &side->path));
	strvec_push(&side->argv, side->helper);
	strvec_pushf(&side->argv, "%d", pid);
	for (size_t i = 0; i < side->map->n; i++) {
		strvec_pushf(&side->argv, "%u", side->map->v[i].inside);
		strvec_pushf(&side->argv, "%u", side->map->v[i].outside);
		strvec_pushf(&side->argv, "%u", side->map->v[i].count);
	}
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail("cannot start %s", side->helper);
	side->err = ends[0];
	side->proc.file = side->path;
	side->proc.argv = side->argv.v;
	side->proc.err = ends[1];
	rc = proc_start(&side->proc);
	close(ends[1]);
	return rc;
}

/* Is every id that is not the caller's own in the file that the helper reads? */
static bool ranges_cover(const struct side *side)
{
	AUTO(idmap) ranges = { 0 };
	autofree char *name = NULL;
	uint32_t own = strcmp(side->file, "uid_map") == 0 ? geteuid() : getegid();

	passwd_name(geteuid(), &name);
	idmap_read_subids(side->subids, name, geteuid(), &ranges);
	for (size_t i = 0; i < side->map->n; i++) {
		const struct idmap_range *want = &side->map->v[i];
		bool covered = want->count == 1 && want->outside == own;

		for (size_t k = 0; k < ranges.n && !covered; k++)
			covered = want->outside >= ranges.v[k].outside &&
				  (uint64_t)want->outside + want->count <=
					  (uint64_t)ranges.v[k].outside + ranges.v[k].count;
		if (!covered)
			return false;
	}
	return true;
}

static int explain_helper(const struct side *side)
{
	autofree char *name = NULL;
	autofree char *said = xstrdup(err_text());
	autofree char *fix = NULL;

	if (!ranges_cover(side)) {
		passwd_name(geteuid(), &name);
		refuse_with(EPERM, "%s is not allowed: %s does not give the ids to this user",
			    side->helper, side->subids);
		fix = idmap_suggest(name, strcmp(side->file, "uid_map") == 0,
				    strcmp(side->file, "gid_map") == 0);
		hint("as root: %s", fix);
		return -EPERM;
	}
	err_set(said, "check that 'newuidmap' works for this user; 'berth doctor' tries it");
	return -EPERM;
}

static int wait_helper(struct side *side)
{
	AUTO(buf) messages = BUF_INIT;
	int status;

	if (side->proc.pid <= 0)
		return 0;
	if (fs_read_fd(side->err, side->helper, 4096, &messages) < 0)
		err_clear();
	TRY(proc_wait(&side->proc, &status));
	if (proc_check(&side->proc, status, messages.data) < 0)
		return explain_helper(side);
	return 0;
}

/* Write the map, or start the helper that does. */
static int begin_side(pid_t pid, struct side *side, uint32_t own)
{
	char path[48];

	if (geteuid() == 0 && write_direct(pid, side) >= 0)
		return 0;
	if (is_own_id(side->map, own)) {
		/* The kernel's condition for writing gid_map without privilege. */
		snprintf(path, sizeof(path), "/proc/%d/setgroups", pid);
		if (strcmp(side->file, "gid_map") == 0)
			TRY(fs_write_file(AT_FDCWD, path, "deny"));
		return write_direct(pid, side);
	}
	return start_helper(pid, side);
}

int idmap_write(pid_t pid, const struct idmaps *maps)
{
	AUTO(side)
	uid = { .helper = "newuidmap",
		.file = "uid_map",
		.subids = "/etc/subuid",
		.map = &maps->uid,
		.proc = PROC_INIT,
		.err = -1 };
	AUTO(side)
	gid = { .helper = "newgidmap",
		.file = "gid_map",
		.subids = "/etc/subgid",
		.map = &maps->gid,
		.proc = PROC_INIT,
		.err = -1 };
	int rc;

	rc = begin_side(pid, &uid, geteuid());
	if (rc >= 0)
		rc = begin_side(pid, &gid, getegid());
	if (rc >= 0)
		rc = wait_helper(&uid);
	if (rc >= 0)
		rc = wait_helper(&gid);
	return rc >= 0 ? 0 : fail_in(rc, "cannot map the ids of the user namespace");
}

/* ---- running in a namespace ---- */

struct run {
	const struct idmaps *maps;
	int (*body)(void *arg);
	void *arg;
	int sync[2];   /* both ways: "the namespace is there", "the maps are there" */
	int report[2]; /* the error, as of err_send() */
};

static void run_release(struct run *run)
{
	for (int i = 0; i < 2; i++) {
		cleanup_close(&run->sync[i]);
		cleanup_close(&run->report[i]);
	}
}

static int become_root(const struct run *run)
{
	char byte = 0;

	if (unshare(CLONE_NEWUSER) < 0)
		return idmap_explain(errno);
	if (write(run->sync[1], &byte, 1) != 1 || read(run->sync[1], &byte, 1) != 1)
		return refuse_with(ECANCELED, "the parent ended");
	/* Not allowed where gid_map was written without privilege, and then the groups are only
	 * what the caller has anyway. */
	(void)!setgroups(0, NULL);
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return fail("cannot become root in the user namespace");
	/* Changes of ids clear it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return 0;
}

static int run_inside(const struct run *run)
{
	struct mount_attr private = { .propagation = MS_PRIVATE };

	if (run->maps->uid.n > 0)
		TRY(become_root(run));
	if (unshare(CLONE_NEWNS) < 0)
		return fail("cannot make a mount namespace");
	if (mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &private, sizeof(private)) < 0)
		return fail("cannot make the mounts private");
	return run->body(run->arg);
}

/* Never returns. */
static void run_child(struct run *run)
{
	int rc;

	close(steal_fd(&run->sync[0]));
	close(steal_fd(&run->report[0]));
	rc = run_inside(run);
	if (rc < 0)
		err_send(run->report[1], rc, STAGE_SETUP);
	_exit(rc < 0 ? 255 : rc);
}

/* The child waits for its maps; it may also have failed before. */
static int give_maps(const struct run *run, pid_t pid)
{
	char byte = 0;
	ssize_t n;

	do
		n = read(run->sync[0], &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n != 1)
		return 0; /* its report says why */
	TRY(idmap_write(pid, run->maps));
	if (send(run->sync[0], &byte, 1, MSG_NOSIGNAL) != 1)
		return fail("cannot tell the child that its maps are there");
	return 0;
}

static int finish(const struct run *run, pid_t pid)
{
	enum err_stage stage;
	int code = 0, status, got;

	got = err_receive(run->report[0], &code, &stage);
	TRY(proc_reap(pid, &status));
	TRY(got);
	if (got > 0)
		return code;
	if (WIFSIGNALED(status))
		return refuse_with(EIO, "a child of berth was ended by signal %d",
				   WTERMSIG(status));
	return WEXITSTATUS(status);
}

int idmap_run(const struct idmaps *maps, int (*body)(void *arg), void *arg)
{
	AUTO(run)
	run = { .maps = maps, .body = body, .arg = arg, .sync = { -1, -1 }, .report = { -1, -1 } };
	pid_t pid;
	int rc = 0;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, run.sync) < 0 ||
	    pipe2(run.report, O_CLOEXEC) < 0)
		return fail("cannot talk to a child");
	/* What the slot holds now is not the child's error. */
	err_clear();
	pid = proc_fork();
	if (pid < 0)
		return fail("cannot start a child");
	if (pid == 0)
		run_child(&run);
	close(steal_fd(&run.sync[1]));
	close(steal_fd(&run.report[1]));
	if (maps->uid.n > 0)
		rc = give_maps(&run, pid);
	if (rc < 0) {
		kill(pid, SIGKILL);
		proc_reap(pid, &(int){ 0 });
		return rc;
	}
	return finish(&run, pid);
}
