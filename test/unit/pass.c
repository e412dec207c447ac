/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/pass.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/json.h"
#include "box/seccomp.h"
#include "spec/bundlepart.h"
#include "unit.h"

#define DENIED 77
#define RIGHT 0
#define NO_FILTER 1

static void make_spec(const char *part, struct spec *spec)
{
	autojson cJSON *json = NULL;

	spec_init(spec);
	assert_int_equal(json_parse(part, strlen(part), "test", &json), 0);
	if (bundle_part_seccomp(json, spec) < 0 || seccomp_compile_part(NULL, spec) < 0)
		fail_msg("%s", err_text());
}

/* execveat(2) of nothing with these as its last argument: is it the filter that says no? */
static bool is_denied(uint64_t bits)
{
	char *const none[] = { NULL };

	return syscall(SYS_execveat, -1, "nothing", none, none, 0, bits) < 0 && errno == DENIED;
}

static bool is_denied_message(const uint64_t bits[PASS_ARGS])
{
	return syscall(SYS_sendmsg, -1, NULL, 0, bits[0], bits[1], bits[2]) < 0 && errno == DENIED;
}

/* Its number is the number of what is wrong. */
static int try_all(const struct pass *pass)
{
	const uint64_t *bits = pass->bits;
	const uint64_t zero[PASS_ARGS] = { 0 };

	if (is_denied(bits[PASS_ARGS - 1]))
		return 2;
	if (!is_denied(0) || !is_denied(bits[0]) || !is_denied(UINT64_MAX))
		return 3;
	for (int bit = 0; bit < 64; bit++)
		if (!is_denied(bits[PASS_ARGS - 1] ^ UINT64_C(1) << bit))
			return 4;
	if (is_denied_message(bits))
		return 5;
	if (!is_denied_message(zero))
		return 6;
	for (int bit = 0; bit < 64 * PASS_ARGS; bit++) {
		uint64_t other[PASS_ARGS] = { bits[0], bits[1], bits[2] };

		other[bit / 64] ^= UINT64_C(1) << bit % 64;
		if (!is_denied_message(other))
			return 7;
	}
	/* Others are not let through by it. */
	return syscall(SYS_mkdirat, -1, "nothing", 0, bits[0], bits[1], bits[2]) < 0 &&
			       errno == DENIED
		       ? RIGHT
		       : 8;
}

/* One bit that is wrong is enough. */
static void bits_open_three_calls(void **state)
{
	AUTO(spec) spec;
	struct pass pass;
	int status;
	pid_t pid;

	make_spec("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"execveat\","
		  "\"sendmsg\",\"mkdirat\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":77}]}",
		  &spec);
	assert_true(spec.seccomp.passes);
	pid = fork();
	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || seccomp_install(&spec, &pass) < 0)
			_exit(NO_FILTER);
		_exit(try_all(&pass));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, RIGHT);
}

static void there_is_none_without_need(void **state)
{
	static const struct {
		const char *part;
		bool passes;
	} rows[] = {
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\"}", false },
		{ "{\"defaultAction\":\"SCMP_ACT_LOG\"}", false },
		{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\"}", true },
		{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"execve\"],"
		  "\"action\":\"SCMP_ACT_ALLOW\"}]}",
		  true },
		{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"execveat\","
		  "\"execve\"],\"action\":\"SCMP_ACT_ALLOW\"}]}",
		  false },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"execveat\"],"
		  "\"action\":\"SCMP_ACT_KILL\"}]}",
		  true },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"/a\",\"syscalls\":"
		  "[{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_NOTIFY\"}]}",
		  true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(spec) spec;

		make_spec(rows[i].part, &spec);
		if (spec.seccomp.passes != rows[i].passes)
			fail_msg("%s", rows[i].part);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bits_open_three_calls),
		cmocka_unit_test(there_is_none_without_need),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
