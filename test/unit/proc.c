/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "unit.h"

#define SHELL(script) ((char *const[]){ (char *)"sh", (char *)"-c", (char *)(script), NULL })

static void exit_status(void **state)
{
	struct proc good = PROC_INIT, bad = PROC_INIT, killed = PROC_INIT;

	good.file = bad.file = killed.file = "/bin/sh";
	good.argv = SHELL("exit 0");
	assert_int_equal(proc_run(&good), 0);
	bad.argv = SHELL("echo one >&2; echo the last line >&2; exit 3");
	assert_int_equal(proc_run(&bad), -EIO);
	assert_string_equal(err_text(), "sh failed: the last line");
	killed.argv = SHELL("kill -9 $$");
	assert_int_equal(proc_run(&killed), -EIO);
	assert_string_equal(err_text(), "sh was ended by signal 9");
}

static void no_such_program(void **state)
{
	struct proc p = PROC_INIT;

	p.file = "/nonexistent/x";
	p.argv = SHELL("");
	assert_int_equal(proc_start(&p), -ENOENT);
	assert_int_equal(p.pidfd, -1);
	p.file = "sh";
	assert_int_equal(proc_start(&p), -EINVAL);
	p.file = "/etc/passwd";
	assert_int_equal(proc_start(&p), -EACCES);
	/* None of them is left as a zombie. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* The child gets three descriptors, those that are to be kept, and nothing else. */
static void descriptors(void **state)
{
	struct proc p = PROC_INIT;
	int ends[2], leaked = open("/dev/null", O_RDONLY), kept = open("/", O_PATH | O_CLOEXEC);
	int keep[] = { kept, -1 };
	AUTO(buf) out = BUF_INIT;
	autofree char *wanted = xasprintf("0\n1\n2\n%d\n", kept);
	int status;

	assert_true(leaked > 2);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	p.file = "/bin/sh";
	p.argv = SHELL("for n in 0 1 2 3 4 5 6 7 8 9; do [ -e /proc/$$/fd/$n ] && echo $n; done; "
		       "cat; echo \"$HOME\"");
	p.out = ends[1];
	p.keep = keep;
	if (kept >= 10)
		skip();
	assert_int_equal(proc_start(&p), 0);
	close(ends[1]);
	assert_int_equal(fs_read_fd(ends[0], "pipe", 1000, &out), 0);
	assert_int_equal(proc_wait(&p, &status), 0);
	assert_int_equal(status, 0);
	buf_truncate(&out, out.len - 1); /* the line of $HOME, which is not set */
	assert_string_equal(out.data, wanted);
	close(ends[0]);
	close(leaked);
	close(kept);
}

static void signals_are_reset(void **state)
{
	struct proc p = PROC_INIT;

	signal(SIGPIPE, SIG_IGN);
	p.file = "/bin/sh";
	p.argv = SHELL("kill -PIPE $$; exit 0");
	assert_int_equal(proc_run(&p), -EIO);
	signal(SIGPIPE, SIG_DFL);
}

static void release_kills(void **state)
{
	struct proc p = PROC_INIT;
	uint64_t ticks = 0;
	pid_t pid;

	p.file = "/bin/sh";
	p.argv = SHELL("exec sleep 1000");
	assert_int_equal(proc_start(&p), 0);
	pid = p.pid;
	assert_int_equal(proc_start_time(pid, &ticks), 0);
	assert_true(proc_is_alive(pid, ticks));
	assert_false(proc_is_alive(pid, ticks + 1));
	proc_release(&p);
	assert_false(proc_is_alive(pid, ticks));
	proc_release(&p);
}

static void zombies_are_dead(void **state)
{
	uint64_t ticks = 0;
	pid_t pid = proc_fork();
	int status;

	if (pid == 0)
		_exit(0);
	usleep(50000);
	assert_int_equal(proc_start_time(pid, &ticks), 0);
	assert_false(proc_is_alive(pid, ticks));
	assert_int_equal(proc_reap(pid, &status), 0);
	assert_true(proc_start_time(pid, &ticks) < 0);
	assert_false(proc_is_alive(0, 0));
	assert_false(proc_is_alive(-1, 0));
}

/* A tied process ends with the one that started it. */
static void tied(void **state)
{
	int ends[2], status;
	pid_t pid;
	char byte;

	assert_int_equal(pipe2(ends, 0), 0);
	pid = proc_fork();
	if (pid == 0) {
		struct proc p = PROC_INIT;

		close(ends[0]);
		p.out = ends[1];
		p.tied = true;
		p.argv = (char *const[]){ (char *)"sleep", (char *)"1000", NULL };
		p.file = "/bin/sleep";
		_exit(proc_start(&p) < 0);
	}
	close(ends[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	/* End of file: nobody holds the other end any more. */
	assert_int_equal(read(ends[0], &byte, 1), 0);
	close(ends[0]);
}

static void finding(void **state)
{
	autofree char *sh = proc_find("sh");

	assert_non_null(sh);
	assert_int_equal(sh[0], '/');
	assert_null(proc_find("no-such-program-anywhere"));
	assert_null(proc_find("."));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(exit_status),   cmocka_unit_test(no_such_program),
		cmocka_unit_test(descriptors),   cmocka_unit_test(signals_are_reset),
		cmocka_unit_test(release_kills), cmocka_unit_test(zombies_are_dead),
		cmocka_unit_test(tied),          cmocka_unit_test(finding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
