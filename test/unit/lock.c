/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/proc.h"
#include "unit.h"

static char dir[] = "/tmp/berth-unit-lock.XXXXXX";

static int set_up(void **state)
{
	return mkdtemp(dir) != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
	return fs_remove_tree(AT_FDCWD, dir);
}

static void modes(void **state)
{
	autofree char *path = xasprintf("%s/a", dir);
	int first, second;

	assert_int_equal(lock_is_held(AT_FDCWD, path), 0);
	first = lock_try(AT_FDCWD, path, LOCK_EXCLUSIVE);
	assert_true(first >= 0);
	assert_int_equal(lock_is_held(AT_FDCWD, path), 1);
	err_clear();
	assert_int_equal(lock_try(AT_FDCWD, path, LOCK_EXCLUSIVE), -EWOULDBLOCK);
	assert_int_equal(lock_try(AT_FDCWD, path, LOCK_SHARED), -EWOULDBLOCK);
	assert_string_equal(err_text(), "");
	close(first);
	assert_int_equal(lock_is_held(AT_FDCWD, path), 0);
	first = lock_try(AT_FDCWD, path, LOCK_SHARED);
	second = lock_try(AT_FDCWD, path, LOCK_SHARED);
	assert_true(first >= 0 && second >= 0);
	assert_int_equal(lock_is_held(AT_FDCWD, path), 0);
	assert_int_equal(lock_try(AT_FDCWD, path, LOCK_EXCLUSIVE), -EWOULDBLOCK);
	close(first);
	close(second);
}

/* Nobody has to clean up after an owner that was killed. */
static void death_frees(void **state)
{
	autofree char *path = xasprintf("%s/b", dir);
	int ends[2], status;
	pid_t pid;
	char byte;

	assert_int_equal(pipe(ends), 0);
	pid = proc_fork();
	if (pid == 0) {
		if (lock_take(AT_FDCWD, path, LOCK_EXCLUSIVE, NULL) >= 0)
			(void)!write(ends[1], "x", 1);
		pause();
		_exit(0);
	}
	assert_int_equal(read(ends[0], &byte, 1), 1);
	assert_int_equal(lock_is_held(AT_FDCWD, path), 1);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	assert_int_equal(lock_is_held(AT_FDCWD, path), 0);
	close(ends[0]);
	close(ends[1]);
}

static void waits(void **state)
{
	autofree char *path = xasprintf("%s/c", dir);
	int status, fd = lock_take(AT_FDCWD, path, LOCK_EXCLUSIVE, NULL);
	pid_t pid = proc_fork();

	if (pid == 0) {
		close(fd);
		_exit(lock_take(AT_FDCWD, path, LOCK_SHARED, NULL) >= 0 ? 0 : 1);
	}
	usleep(100000);
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	close(fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void never_through_a_link(void **state)
{
	autofree char *path = xasprintf("%s/link", dir);
	autofree char *target = xasprintf("%s/target", dir);

	assert_int_equal(symlink(target, path), 0);
	assert_int_equal(lock_try(AT_FDCWD, path, LOCK_EXCLUSIVE), -ELOOP);
	assert_int_equal(fs_exists(AT_FDCWD, target), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(modes),
		cmocka_unit_test(death_frees),
		cmocka_unit_test(waits),
		cmocka_unit_test(never_through_a_link),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
