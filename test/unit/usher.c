/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/usher.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <linux/magic.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/idmap.h"
#include "base/proc.h"
#include "unit.h"

/* Children that are born in the user namespace of another process. */

#define ROOT_OUTSIDE 100000

static pid_t other;

static pid_t start_other(void)
{
	int pipe[2];
	char byte = 0;
	pid_t pid;

	assert_int_equal(pipe2(pipe, O_CLOEXEC), 0);
	pid = proc_fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWUSER) < 0)
			_exit(1);
		(void)!write(pipe[1], "x", 1);
		pause();
		_exit(0);
	}
	close(pipe[1]);
	(void)!read(pipe[0], &byte, 1);
	close(pipe[0]);
	return byte == 'x' ? pid : -1;
}

static int set_up(void **state)
{
	AUTO(idmaps) maps = { 0 };
	bool root = geteuid() == 0;

	other = start_other();
	if (other < 0)
		return -1;
	idmap_add(&maps.uid, 0, root ? ROOT_OUTSIDE : geteuid(), root ? 1000 : 1);
	idmap_add(&maps.gid, 0, root ? ROOT_OUTSIDE : getegid(), root ? 1000 : 1);
	return idmap_write(other, &maps);
}

static int tear_down(void **state)
{
	kill(other, SIGKILL);
	return proc_reap(other, &(int){ 0 });
}

static void join(struct spec *spec, const char *path)
{
	spec_init(spec);
	spec->ns[NS_USER].mode = NS_JOIN;
	spec->ns[NS_USER].path =
		path != NULL ? xstrdup(path) : xasprintf("/proc/%d/ns/user", (int)other);
}

static bool is_in_its_namespace(void)
{
	autofree char *path = xasprintf("/proc/%d/ns/user", (int)other);
	struct stat ours, theirs;

	/* Who is in there may not look at the other; its number is enough. */
	return stat("/proc/self/ns/user", &ours) == 0 &&
	       (stat(path, &theirs) < 0 || ours.st_ino == theirs.st_ino);
}

/* In the child: what is not as it should be. */
static int look(pid_t parent)
{
	if (getppid() != parent)
		return 1;
	if (getuid() != 0 || getgid() != 0)
		return 2;
	if (!is_in_its_namespace())
		return 3;
	if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		return 4;
	/* It belongs to the namespace: root in there may. */
	return sethostname("inside", 6) < 0 ? 5 : 0;
}

static void the_child_is_ours_and_root_in_there(void **state)
{
	const struct cgroup none = CGROUP_INIT;
	struct ns_birth birth = { .cgroup = &none, .pidfd = -1 };
	pid_t parent = getpid(), pid;
	int status = 0;
	AUTO(spec) spec;

	join(&spec, NULL);
	spec.ns[NS_UTS].mode = NS_NEW;
	spec.ns[NS_MOUNT].mode = NS_NEW;
	assert_true(usher_is_needed(&spec));
	pid = usher_clone(&spec, &birth);
	if (pid == 0)
		_exit(look(parent));
	assert_true(pid > 0);
	assert_int_equal(poll(&(struct pollfd){ .fd = birth.pidfd, .events = POLLIN }, 1, 60000),
			 1);
	close(birth.pidfd);
	assert_int_equal(proc_reap(pid, &status), 0);
	assert_int_equal(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0);
}

static void check_failed(const char *path, const char *want)
{
	const struct cgroup none = CGROUP_INIT;
	struct ns_birth birth = { .cgroup = &none, .pidfd = -1 };
	AUTO(spec) spec;
	pid_t pid;

	join(&spec, path);
	pid = usher_clone(&spec, &birth);
	if (pid == 0)
		_exit(0);
	assert_true(pid < 0);
	if (strstr(err_text(), want) == NULL)
		fail_msg("'%s'", err_text());
}

/* His error is told by the parent, and nobody is left but the one of set_up(). */
static void what_fails_is_told(void **state)
{
	check_failed("/no/such", "cannot open the user namespace '/no/such'");
	check_failed("/proc/self/ns/uts", "is a uts namespace and not a user namespace");
	if (geteuid() != 0)
		check_failed("/proc/1/ns/user", "user namespace '/proc/1/ns/user'");
	assert_int_equal(waitpid(-1, NULL, WNOHANG), 0);
}

static int make_cgroup(char *ret_dir, size_t size)
{
	static const char *const roots[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
	struct statfs fs;

	for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
		if (statfs(roots[i], &fs) < 0 || fs.f_type != CGROUP2_SUPER_MAGIC)
			continue;
		snprintf(ret_dir, size, "%s/berth-unit-usher-%d", roots[i], (int)getpid());
		if (mkdir(ret_dir, 0755) == 0)
			return open(ret_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	return -1;
}

/* Whose root the child is may not put anybody there: it was before. */
static void the_child_is_born_in_its_cgroup(void **state)
{
	char dir[80], own[] = "own";
	struct cgroup cgroup = { .path = own, .fd = make_cgroup(dir, sizeof(dir)) };
	struct ns_birth birth = { .cgroup = &cgroup, .pidfd = -1 };
	AUTO(spec) spec;
	AUTO(buf) text = BUF_INIT;
	int status = 0;
	pid_t pid;

	if (cgroup.fd < 0)
		skip();
	join(&spec, NULL);
	pid = usher_clone(&spec, &birth);
	if (pid == 0) {
		if (fs_read_file(AT_FDCWD, "/proc/self/cgroup", 65536, &text) < 0)
			_exit(1);
		_exit(strstr(text.data, strrchr(dir, '/')) != NULL ? 0 : 2);
	}
	assert_true(pid > 0);
	assert_int_equal(proc_reap(pid, &status), 0);
	close(birth.pidfd);
	close(cgroup.fd);
	assert_int_equal(rmdir(dir), 0);
	assert_int_equal(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_child_is_ours_and_root_in_there),
		cmocka_unit_test(what_fails_is_told),
		cmocka_unit_test(the_child_is_born_in_its_cgroup),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
