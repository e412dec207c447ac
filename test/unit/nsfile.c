/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/nsfile.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/proc.h"
#include "spec/names.h"
#include "unit.h"

static void join(struct spec *spec, enum ns_kind kind, const char *path)
{
	spec->ns[kind].mode = NS_JOIN;
	xreplace(&spec->ns[kind].path, path);
}

static void check_refused(enum ns_kind kind, const char *path, const char *want)
{
	AUTO(spec) spec;

	spec_init(&spec);
	join(&spec, kind, path);
	assert_true(nsfile_open(&spec, kind) < 0);
	if (strstr(err_text(), want) == NULL)
		fail_msg("'%s'", err_text());
}

static void a_file_is_of_its_kind(void **state)
{
	for (int kind = 0; kind < NS_MAX; kind++) {
		autofree char *path = xasprintf("/proc/self/ns/%s", ns_table[kind].proc_name);
		AUTO(spec) spec;
		autoclose int fd = -1;

		if (access(path, F_OK) < 0)
			continue;
		spec_init(&spec);
		join(&spec, (enum ns_kind)kind, path);
		fd = nsfile_open(&spec, (enum ns_kind)kind);
		assert_true(fd >= 0);
	}
	check_refused(NS_NET, "/proc/self/ns/uts", "is a uts namespace and not a network");
	check_refused(NS_USER, "/proc/self/ns/mnt", "is a mount namespace and not a user");
	check_refused(NS_NET, "/proc/self/status", "is no namespace");
	check_refused(NS_NET, "/dev/null", "is no namespace");
	check_refused(NS_NET, "/no/such", "cannot open the network namespace '/no/such'");
}

/* A process in namespaces of its own; nobody waits for it but who kills it. */
static pid_t start_other(void)
{
	int pipe[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(pipe, O_CLOEXEC), 0);
	pid = proc_fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWUTS) < 0)
			_exit(1);
		(void)!write(pipe[1], "", 1);
		pause();
		_exit(0);
	}
	close(pipe[1]);
	byte = (char)read(pipe[0], &byte, 1);
	close(pipe[0]);
	assert_true(pid > 0);
	return byte == 1 ? pid : -pid;
}

static void the_callers_own_is_known(void **state)
{
	pid_t pid = start_other();
	autofree char *path = xasprintf("/proc/%d/ns/uts", (int)pid);
	AUTO(spec) spec;

	spec_init(&spec);
	assert_true(nsfile_is_callers(&spec, NS_UTS));
	spec.ns[NS_UTS].mode = NS_NEW;
	assert_false(nsfile_is_callers(&spec, NS_UTS));
	join(&spec, NS_UTS, "/proc/self/ns/uts");
	assert_true(nsfile_is_callers(&spec, NS_UTS));
	if (pid > 0) {
		join(&spec, NS_UTS, path);
		assert_false(nsfile_is_callers(&spec, NS_UTS));
		kill(pid, SIGKILL);
	}
	assert_int_equal(proc_reap(abs(pid), &(int){ 0 }), 0);
}

/* The kernel refuses to let one enter the user namespace that he is in. */
static void the_own_user_namespace_is_no_error(void **state)
{
	AUTO(spec) spec;

	spec_init(&spec);
	join(&spec, NS_USER, "/proc/self/ns/user");
	assert_int_equal(nsfile_join(&spec, NS_USER, false), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_of_its_kind),
		cmocka_unit_test(the_callers_own_is_known),
		cmocka_unit_test(the_own_user_namespace_is_no_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
