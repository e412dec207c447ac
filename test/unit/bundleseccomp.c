/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/json.h"
#include "bpf.h"
#include "box/seccomp.h"
#include "box/sysprofile.h"
#include "spec/bundlepart.h"
#include "spec/syscallnames.h"

#define DENY(err) (SECCOMP_RET_ERRNO | (err))
#define ALLOW "\"defaultAction\":\"SCMP_ACT_ALLOW\""
#define RULE(text) ALLOW ",\"syscalls\":[{\"names\":[\"chroot\"]," text "}]"

/* linux.seccomp without its braces, as far as an installed filter. */
static int compile(const char *text, struct spec *spec)
{
	autofree char *object = xasprintf("{%s}", text);
	autojson cJSON *json = NULL;

	spec_init(spec);
	assert_int_equal(json_parse(object, strlen(object), "test", &json), 0);
	TRY(bundle_part_seccomp(json, spec));
	return seccomp_compile_part(NULL, spec);
}

static uint32_t verdict(const struct spec *spec, const char *call, uint64_t arg0)
{
	struct seccomp_data data = { .nr = seccomp_syscall_resolve_name(call), .args = { arg0 } };

	for (const struct syscall_arch *row = syscall_arches; row->name != NULL; row++)
		if (seccomp_arch_resolve_name(row->libseccomp) == seccomp_arch_native())
			data.arch = row->audit;
	return filter_run(spec->seccomp.filter, spec->seccomp.filter_len, &data);
}

static void rules_decide(void **state)
{
	static const struct {
		const char *text;
		uint64_t arg0;
		uint32_t want;
	} rows[] = {
		{ ALLOW, 0, SECCOMP_RET_ALLOW },
		{ "\"defaultAction\":\"SCMP_ACT_ERRNO\"", 0, DENY(EPERM) },
		{ "\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":77", 0, DENY(77) },
		{ "\"defaultAction\":\"SCMP_ACT_KILL\"", 0, SECCOMP_RET_KILL_THREAD },
		{ "\"defaultAction\":\"SCMP_ACT_LOG\"", 0, SECCOMP_RET_LOG },
		{ RULE("\"action\":\"SCMP_ACT_KILL\""), 0, SECCOMP_RET_KILL_THREAD },
		{ RULE("\"action\":\"SCMP_ACT_KILL_THREAD\""), 0, SECCOMP_RET_KILL_THREAD },
		{ RULE("\"action\":\"SCMP_ACT_KILL_PROCESS\""), 0, SECCOMP_RET_KILL_PROCESS },
		{ RULE("\"action\":\"SCMP_ACT_TRAP\""), 0, SECCOMP_RET_TRAP },
		{ RULE("\"action\":\"SCMP_ACT_ERRNO\""), 0, DENY(EPERM) },
		{ RULE("\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":7"), 0, DENY(7) },
		{ RULE("\"action\":\"SCMP_ACT_TRACE\",\"errnoRet\":7"), 0, SECCOMP_RET_TRACE | 7 },
		{ RULE("\"action\":\"SCMP_ACT_LOG\""), 0, SECCOMP_RET_LOG },
		{ RULE("\"action\":\"SCMP_ACT_ALLOW\""), 0, SECCOMP_RET_ALLOW },
		{ RULE("\"action\":\"SCMP_ACT_NOTIFY\"") ",\"listenerPath\":\"/a\"", 0,
		  SECCOMP_RET_USER_NOTIF },
		/* docker's words are none of the specification's, and of no effect */
		{ RULE("\"action\":\"SCMP_ACT_KILL\",\"includes\":{\"arches\":[\"vax\"]}"), 0,
		  SECCOMP_RET_KILL_THREAD },
		{ RULE("\"action\":\"SCMP_ACT_KILL\",\"x\":1") ",\"archMap\":7", 0,
		  SECCOMP_RET_KILL_THREAD },
#define TEST(op, value, two) \
	RULE("\"action\":\"SCMP_ACT_TRAP\",\"args\":[{\"index\":0,\"op\":\"SCMP_CMP_" op \
	     "\",\"value\":" value ",\"valueTwo\":" two "}]")
		{ TEST("NE", "5", "0"), 5, SECCOMP_RET_ALLOW },
		{ TEST("NE", "5", "0"), 6, SECCOMP_RET_TRAP },
		{ TEST("LT", "5", "0"), 4, SECCOMP_RET_TRAP },
		{ TEST("LT", "5", "0"), 5, SECCOMP_RET_ALLOW },
		{ TEST("LE", "5", "0"), 5, SECCOMP_RET_TRAP },
		{ TEST("LE", "5", "0"), 6, SECCOMP_RET_ALLOW },
		{ TEST("EQ", "5", "0"), 5, SECCOMP_RET_TRAP },
		{ TEST("EQ", "5", "0"), 4, SECCOMP_RET_ALLOW },
		{ TEST("GE", "5", "0"), 5, SECCOMP_RET_TRAP },
		{ TEST("GE", "5", "0"), 4, SECCOMP_RET_ALLOW },
		{ TEST("GT", "5", "0"), 6, SECCOMP_RET_TRAP },
		{ TEST("GT", "5", "0"), 5, SECCOMP_RET_ALLOW },
		{ TEST("MASKED_EQ", "12", "8"), 0x18, SECCOMP_RET_TRAP },
		{ TEST("MASKED_EQ", "12", "8"), 0xc, SECCOMP_RET_ALLOW },
		{ TEST("EQ", "18446744073709551615", "0"), UINT64_MAX, SECCOMP_RET_TRAP },
		{ TEST("EQ", "18446744073709551615", "0"), UINT64_MAX - 1, SECCOMP_RET_ALLOW },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(spec) spec;
		uint32_t got;

		if (compile(rows[i].text, &spec) < 0)
			report("%s: %s\n", rows[i].text, err_text());
		assert_int_equal(spec.seccomp.mode, SECCOMP_PROFILE);
		got = verdict(&spec, "chroot", rows[i].arg0);
		if (got != rows[i].want)
			report("%s: 0x%x, not 0x%x\n", rows[i].text, got, rows[i].want);
		assert_int_equal(spec.seccomp.notifies, got == SECCOMP_RET_USER_NOTIF);
	}
}

/* All that the specification knows, and what of them this kernel runs. */
static void architectures_have_their_own_numbers(void **state)
{
	AUTO(buf) text = BUF_INIT;
	AUTO(spec) spec;

	buf_add_str(&text, ALLOW ",\"architectures\":[");
	for (const struct syscall_arch *row = syscall_arches; row->name != NULL; row++)
		buf_addf(&text, "%s\"%s\"", row == syscall_arches ? "" : ",", row->name);
	buf_add_str(&text,
		    "],\"syscalls\":[{\"names\":[\"chroot\",\"no_such_call\",\"socketcall\"],"
		    "\"action\":\"SCMP_ACT_TRAP\"}]");
	if (compile(text.data, &spec) < 0)
		report("%s\n", err_text());
	assert_int_equal(verdict(&spec, "chroot", 0), SECCOMP_RET_TRAP);
	assert_int_equal(verdict(&spec, "chdir", 0), SECCOMP_RET_ALLOW);
	/* Twenty others would make it long. */
	assert_true(spec.seccomp.filter_len < 64);
#if defined(__x86_64__)
	struct seccomp_data data = { .arch = AUDIT_ARCH_I386, .nr = 61 };

	assert_int_equal(filter_run(spec.seccomp.filter, spec.seccomp.filter_len, &data),
			 SECCOMP_RET_TRAP);
	data.nr = 102; /* socketcall, which there is on no other */
	assert_int_equal(filter_run(spec.seccomp.filter, spec.seccomp.filter_len, &data),
			 SECCOMP_RET_TRAP);
	data = (struct seccomp_data){ .arch = AUDIT_ARCH_X86_64, .nr = 0x40000000 + 161 };
	assert_int_equal(filter_run(spec.seccomp.filter, spec.seccomp.filter_len, &data),
			 SECCOMP_RET_TRAP);
#endif
}

static void flags_are_words(void **state)
{
	AUTO(spec) none, empty, all;

	assert_int_equal(compile(ALLOW, &none), 0);
	assert_false(none.seccomp.has_flags);
	assert_int_equal(compile(ALLOW ",\"flags\":[]", &empty), 0);
	assert_true(empty.seccomp.has_flags);
	assert_int_equal(empty.seccomp.flags, 0);
	assert_int_equal(compile(ALLOW ",\"flags\":[\"SECCOMP_FILTER_FLAG_TSYNC\","
				       "\"SECCOMP_FILTER_FLAG_LOG\","
				       "\"SECCOMP_FILTER_FLAG_SPEC_ALLOW\"]",
				 &all),
			 0);
	assert_int_equal(all.seccomp.flags, SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_LOG |
						    SECCOMP_FILTER_FLAG_SPEC_ALLOW);
	/* Who is told is no part of the filter. */
	assert_string_equal(none.seccomp.profile, all.seccomp.profile);
}

static void mistakes_are_named(void **state)
{
	static const struct {
		const char *text, *say;
	} rows[] = {
		{ "", "'defaultAction' is missing" },
		{ "\"defaultAction\":\"ALLOW\"", "'defaultAction': 'ALLOW' is not an action" },
		{ "\"defaultAction\":\"SCMP_ACT_NOTIFY\",\"listenerPath\":\"/a\"",
		  "'defaultAction': 'SCMP_ACT_NOTIFY' is for single calls" },
		{ ALLOW ",\"defaultErrnoRet\":1", "'defaultErrnoRet': 'SCMP_ACT_ALLOW' takes no" },
		{ RULE("\"action\":\"SCMP_ACT_KILL\",\"errnoRet\":1"),
		  "syscalls[0]: 'errnoRet': 'SCMP_ACT_KILL' takes no number" },
		{ RULE("\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":4096"), "errnoRet" },
		{ RULE("\"x\":1"), "syscalls[0]: 'action' is missing" },
		{ ALLOW ",\"syscalls\":[{\"names\":[],\"action\":\"SCMP_ACT_KILL\"}]",
		  "syscalls[0]: names are missing" },
		{ ALLOW ",\"syscalls\":[{\"name\":\"chroot\",\"action\":\"SCMP_ACT_KILL\"}]",
		  "names are missing" },
		{ RULE("\"action\":\"SCMP_ACT_NOTIFY\""), "needs a 'listenerPath'" },
		{ ALLOW ",\"listenerMetadata\":\"a\"", "'listenerPath' is not there" },
		{ ALLOW ",\"listenerPath\":\"a\"", "not an absolute path" },
		{ ALLOW ",\"listenerPath\":\"@a\"", "not an absolute path" },
		{ ALLOW ",\"flags\":[\"SECCOMP_FILTER_FLAG_NEW_LISTENER\"]",
		  "flags[0]: 'SECCOMP_FILTER_FLAG_NEW_LISTENER' is not a flag" },
		{ ALLOW ",\"architectures\":[\"SCMP_ARCH_VAX\"]", "'SCMP_ARCH_VAX'" },
		{ RULE("\"action\":\"SCMP_ACT_KILL\",\"args\":[{\"index\":6,"
		       "\"op\":\"SCMP_CMP_EQ\"}]"),
		  "index" },
		{ RULE("\"action\":\"SCMP_ACT_KILL\",\"args\":[{\"index\":0,\"op\":\"EQ\"}]"),
		  "'EQ' is not an operator" },
		{ RULE("\"action\":\"SCMP_ACT_KILL\",\"args\":[{\"index\":0,"
		       "\"op\":\"SCMP_CMP_EQ\",\"value\":18446744073709551616}]"),
		  "value" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(spec) spec;

		if (compile(rows[i].text, &spec) >= 0)
			report("'%s' is taken\n", rows[i].text);
		if (strstr(err_text(), rows[i].say) == NULL)
			report("'%s': %s\n", rows[i].text, err_text());
		err_clear();
	}
}

/* A listener that nobody needs does no harm. */
static void listener_without_notify(void **state)
{
	AUTO(spec) spec;

	assert_int_equal(
		compile(ALLOW ",\"listenerPath\":\"/a\",\"listenerMetadata\":\"b\"", &spec), 0);
	assert_false(spec.seccomp.notifies);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_decide),
		cmocka_unit_test(architectures_have_their_own_numbers),
		cmocka_unit_test(flags_are_words),
		cmocka_unit_test(mistakes_are_named),
		cmocka_unit_test(listener_without_notify),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
