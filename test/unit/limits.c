/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "box/sysctl.h"
#include "unit.h"

static void limits_are_read(void **state)
{
	static const struct {
		const char *text;
		int resource;
		rlim_t soft, hard;
	} rows[] = {
		{ "nofile=10:20", RLIMIT_NOFILE, 10, 20 },
		{ "nofile=10", RLIMIT_NOFILE, 10, 10 },
		{ "RLIMIT_CORE=0", RLIMIT_CORE, 0, 0 },
		{ "memlock=-1", RLIMIT_MEMLOCK, RLIM_INFINITY, RLIM_INFINITY },
		{ "memlock=1:unlimited", RLIMIT_MEMLOCK, 1, RLIM_INFINITY },
		{ "cpu=18446744073709551614", RLIMIT_CPU, RLIM_INFINITY - 1, RLIM_INFINITY - 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(spec) spec;

		spec_init(&spec);
		/* The last one counts. */
		assert_int_equal(limits_parse(&spec.process, rows[i].text), 0);
		assert_int_equal(limits_parse(&spec.process, rows[i].text), 0);
		assert_int_equal(spec.process.rlimits.n, 1);
		assert_int_equal(spec.process.rlimits.v[0].resource, rows[i].resource);
		assert_true(spec.process.rlimits.v[0].soft == rows[i].soft);
		assert_true(spec.process.rlimits.v[0].hard == rows[i].hard);
	}
}

static void nonsense_is_refused(void **state)
{
	static const char *const rows[] = { "",
					    "nofile",
					    "nofile=",
					    "=1",
					    "nofile=x",
					    "nofile=2:1",
					    "nofile=1:",
					    "nofile=:1",
					    "nofile=1:2:3",
					    "no=1",
					    "nofile=-2",
					    "nofile= 1",
					    "nofile=18446744073709551615" };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(spec) spec;

		spec_init(&spec);
		assert_true(limits_parse(&spec.process, rows[i]) < 0);
		assert_int_equal(spec.process.rlimits.n, 0);
	}
}

static void defaults_are_not_above_the_callers(void **state)
{
	AUTO(spec) spec, host;
	struct rlimit have;

	spec_init(&spec);
	limits_defaults(&spec.process);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &have), 0);
	assert_int_equal(spec.process.rlimits.n, 2);
	assert_int_equal(limits_check(&spec.process), 0);
	for (size_t i = 0; i < spec.process.rlimits.n; i++) {
		const struct spec_rlimit *limit = &spec.process.rlimits.v[i];

		if (limit->resource == RLIMIT_CORE)
			assert_int_equal(limit->hard, 0);
		else
			assert_true(limit->hard <= have.rlim_max && limit->soft <= 1024);
	}
	/* Everything is the caller's then. */
	spec_init(&host);
	assert_int_equal(limits_parse(&host.process, "host"), 0);
	assert_int_equal(host.process.rlimits.n, RLIMIT_NLIMITS);
	limits_defaults(&host.process);
	assert_int_equal(host.process.rlimits.n, RLIMIT_NLIMITS);
	assert_int_equal(limits_check(&host.process), 0);
}

static void above_the_hard_limit_is_refused(void **state)
{
	AUTO(spec) spec;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		const struct rlimit low = { 100, 100 };

		spec_init(&spec);
		if (setrlimit(RLIMIT_NOFILE, &low) < 0 ||
		    limits_parse(&spec.process, "nofile=100:101") < 0)
			_exit(1);
		_exit(limits_check(&spec.process) == -EPERM &&
				      strstr(err_text(), "RLIMIT_NOFILE") != NULL &&
				      strstr(err_hint(), "LimitNOFILE=") != NULL
			      ? 0
			      : 2);
	}
	spec_init(&spec);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* /proc as a directory of ours: where writes go, and where they do not. */
static void sysctls_are_written_below_sys(void **state)
{
	char dir[] = "/tmp/berth-unit-XXXXXX";
	AUTO(buf) text = BUF_INIT;
	AUTO(spec) spec;
	int fd;

	spec_init(&spec);
	assert_non_null(mkdtemp(dir));
	fd = fs_mkdirs_open(AT_FDCWD, dir, 0700);
	assert_true(fd >= 0);
	assert_int_equal(fs_mkdirs(fd, "sys/net/ipv4/conf/eth0.1", 0700), 0);
	assert_int_equal(fs_mkdirs(fd, "sys/kernel", 0700), 0);
	for (size_t i = 0; i < 3; i++) {
		static const char *const files[] = { "sys/net/ipv4/conf/eth0.1/rp_filter",
						     "sys/kernel/shmmax", "sys/kernel/sem" };

		close(openat(fd, files[i], O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	}
	for (int ns = 0; ns < NS_MAX; ns++)
		spec.ns[ns].mode = NS_NEW;
	keyvalues_add(&spec.sysctl, "net/ipv4/conf/eth0.1/rp_filter", "1");
	keyvalues_add(&spec.sysctl, "kernel.shmmax", "5");
	keyvalues_add(&spec.sysctl, "kernel/sem", "1 2 3 4");
	assert_int_equal(sysctl_apply(&spec, fd), 0);
	assert_int_equal(fs_read_file(fd, "sys/net/ipv4/conf/eth0.1/rp_filter", 100, &text), 0);
	assert_int_equal(fs_read_file(fd, "sys/kernel/shmmax", 100, &text), 0);
	assert_int_equal(fs_read_file(fd, "sys/kernel/sem", 100, &text), 0);
	assert_string_equal(text.data, "151 2 3 4");
	/* The other separator first: the dot in the interface's name is a slash. */
	free(spec.sysctl.v[0].key);
	spec.sysctl.v[0].key = xstrdup("net.ipv4.conf.eth0/1.rp_filter");
	assert_int_equal(sysctl_apply(&spec, fd), 0);
	close(fd);
	assert_int_equal(fs_remove_tree(AT_FDCWD, dir), 0);
}

static void sysctls_of_the_host_are_refused(void **state)
{
	static const char *const rows[] = { "kernel.core_pattern",
					    "vm.swappiness",
					    "kernel.shmmax.x",
					    "fs.mqueue",
					    "net",
					    "net..ipv4",
					    "net.ipv4/../../kernel/core_pattern",
					    "net/../kernel/core_pattern",
					    "",
					    ".net.x",
					    "/net/x" };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(spec) spec;

		spec_init(&spec);
		for (int ns = 0; ns < NS_MAX; ns++)
			spec.ns[ns].mode = NS_NEW;
		keyvalues_add(&spec.sysctl, rows[i], "1");
		if (sysctl_check(&spec) != -EINVAL)
			print_error("'%s'\n", rows[i]);
		assert_int_equal(sysctl_check(&spec), -EINVAL);
	}
}

static void sysctls_want_a_namespace(void **state)
{
	static const struct {
		const char *name, *type;
	} rows[] = {
		{ "net.ipv4.ip_forward", "network" },
		{ "kernel.sem", "ipc" },
		{ "fs.mqueue.msg_max", "ipc" },
		{ "kernel.domainname", "uts" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(spec) spec;

		spec_init(&spec);
		keyvalues_add(&spec.sysctl, rows[i].name, "1");
		assert_int_equal(sysctl_check(&spec), -EINVAL);
		assert_non_null(strstr(err_text(), rows[i].type));
		for (int ns = 0; ns < NS_MAX; ns++)
			spec.ns[ns].mode = NS_NEW;
		assert_int_equal(sysctl_check(&spec), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_are_read),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(defaults_are_not_above_the_callers),
		cmocka_unit_test(above_the_hard_limit_is_refused),
		cmocka_unit_test(sysctls_are_written_below_sys),
		cmocka_unit_test(sysctls_of_the_host_are_refused),
		cmocka_unit_test(sysctls_want_a_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
