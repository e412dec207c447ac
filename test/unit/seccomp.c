/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/seccomp.h"

#include <linux/audit.h>
#include <linux/bpf_common.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "bpf.h"
#include "box/fakeid.h"
#include "box/profile/tree.h"
#include "spec/names.h"
#include "spec/profile.h"
#include "unit.h"

#define NR_END 1100
#define NR_X32 0x40000000U

static const uint32_t tokens[] = {
#if defined(__x86_64__)
	SCMP_ARCH_X86_64,
	SCMP_ARCH_X86,
#elif defined(__aarch64__)
	SCMP_ARCH_AARCH64,
	SCMP_ARCH_ARM,
#elif defined(__riscv)
	SCMP_ARCH_RISCV64,
#endif
};

/* tree_rule(), asked once for each number. */
static const struct profile_rule *rule_of(const struct profile *profile, uint32_t token, int nr,
					  int *ret_known)
{
	static struct {
		const struct profile_rule *rule;
		int known;
		bool asked;
	} all[2][ARRAY_SIZE(tokens)][NR_END], *it;
	size_t t = 0;

	while (tokens[t] != token)
		t++;
	if (nr < 0 || nr >= NR_END)
		return tree_rule(profile, token, nr, ret_known);
	it = &all[profile == &profile_fake][t][nr];
	if (!it->asked)
		it->rule = tree_rule(profile, token, nr, &it->known);
	it->asked = true;
	*ret_known = it->known;
	return it->rule;
}

/* The table itself, read line by line. */
static uint32_t table_run(const struct profile *profile, uint32_t token,
			  const struct seccomp_data *data, uint64_t caps)
{
	int known;
	const struct profile_rule *rule = rule_of(profile, token, data->nr, &known);

	if (rule == NULL)
		return known ? profile->known : profile->unknown;
	for (size_t i = 0; i < rule->conditions_len; i++) {
		const struct profile_condition *condition = &rule->conditions[i];
		bool holds = true;

		for (size_t j = 0; j < PROFILE_TESTS; j++) {
			const struct profile_test *test = &condition->test[j];
			uint32_t value = (uint32_t)data->args[test->arg];

			if (test->op == TEST_EQUAL)
				holds = holds && value == test->value;
			else if (test->op == TEST_ANY_BIT)
				holds = holds && (value & test->value) != 0;
			else if (test->op == TEST_ABOVE)
				holds = holds && value > test->value;
			else if (test->op == TEST_BELOW)
				holds = holds && value < test->value;
		}
		if (holds)
			return tree_verdict(condition->verdict, &caps);
	}
	return tree_verdict(rule->otherwise, &caps);
}

/* Every value that a test of the table knows, its neighbours, and its bits. */
static size_t interesting(const struct profile *profile, uint64_t *values, size_t max)
{
	size_t n = 0;

	for (size_t r = 0; r < profile->rules_len; r++)
		for (size_t c = 0; c < profile->rules[r].conditions_len; c++)
			for (size_t t = 0; t < PROFILE_TESTS; t++) {
				uint32_t value = profile->rules[r].conditions[c].test[t].value;

				assert_true(n + 4 <= max);
				values[n++] = value;
				values[n++] = value + 1;
				values[n++] = value - 1;
				values[n++] = UINT64_C(0xdeadbeef00000000) | value;
			}
	for (unsigned int bit = 0; bit < 64; bit++)
		values[n++] = UINT64_C(1) << bit;
	return n;
}

struct subject {
	const struct profile *profile;
	const struct sock_filter *filter;
	size_t len;
	uint64_t caps;
};

static void compare(const struct subject *s, uint32_t token, const struct seccomp_data *data)
{
	uint32_t want = table_run(s->profile, token, data, s->caps);
	uint32_t got = filter_run(s->filter, s->len, data);

	if (want == PROFILE_VACANT)
		want = got == SECCOMP_RET_ALLOW || got == s->profile->known ? got
									    : s->profile->known;
	if (want != got)
		report("arch 0x%x, call %d (0x%llx, 0x%llx, 0x%llx), caps 0x%llx: 0x%x, not "
		       "0x%x\n",
		       data->arch, data->nr, data->args[0], data->args[1], data->args[2],
		       (unsigned long long)s->caps, got, want);
}

static void compare_args(const struct subject *s, uint32_t token, struct seccomp_data *data)
{
	uint64_t values[256];
	size_t n = interesting(s->profile, values, ARRAY_SIZE(values) - 64);

	for (size_t i = 0; i < n; i++) {
		for (size_t arg = 0; arg < 4; arg++) {
			memset(data->args, 0, sizeof(data->args));
			data->args[arg] = values[i];
			compare(s, token, data);
		}
		for (size_t j = 0; j < n; j++) {
			data->args[0] = values[i];
			data->args[1] = values[i];
			data->args[2] = values[j];
			compare(s, token, data);
		}
	}
}

static void compare_all(const struct subject *s)
{
	for (size_t t = 0; t < ARRAY_SIZE(tokens); t++) {
		struct seccomp_data data = { .arch = tree_audit_arch(tokens[t]) };

		for (int nr = -1; nr < NR_END; nr++) {
			int known;
			const struct profile_rule *rule =
				rule_of(s->profile, tokens[t], nr, &known);

			data.nr = nr;
			memset(data.args, 0, sizeof(data.args));
			compare(s, tokens[t], &data);
			if (rule != NULL && rule->conditions_len > 0)
				compare_args(s, tokens[t], &data);
		}
		for (int nr = 0x0f0000; nr < 0x0f0010; nr++) {
			data.nr = nr;
			compare(s, tokens[t], &data);
		}
	}
}

static void compare_default(uint64_t caps)
{
	struct sock_filter filter[SECCOMP_DEFAULT_MAX];
	const struct subject subject = { &profile_default, filter, seccomp_default(caps, filter),
					 caps };

	compare_all(&subject);
}

static void default_filter_is_the_table(void **state)
{
	compare_default(profile_default_caps);
	compare_default(0);
	compare_default(CAP_ALL_MASK);
	for (size_t i = 0; i < profile_gates_len; i++)
		compare_default(profile_default_caps ^ profile_gates[i].any_of);
}

static void fake_filter_is_the_table(void **state)
{
	struct sock_filter filter[FAKEID_MAX];
	const struct subject subject = { &profile_fake, filter, fakeid_filter(filter), 0 };
	struct seccomp_data chown = { .arch = tree_audit_arch(tokens[0]),
				      .nr = SYS_fchownat,
				      .args = { 0, 0, 0, UINT32_MAX } };

	compare_all(&subject);
	assert_int_equal(filter_run(filter, subject.len, &chown), SECCOMP_RET_ALLOW);
	chown.args[3] = 1;
	assert_int_equal(filter_run(filter, subject.len, &chown), SECCOMP_RET_ERRNO);
}

/* Is the call decided by its number alone, and known to libseccomp? Then *ret_name is its name, to
 * be freed. */
static bool is_plain(uint32_t token, int nr, uint32_t *ret_verdict, char **ret_name)
{
	uint64_t caps = profile_default_caps;
	int known;
	const struct profile_rule *rule = rule_of(&profile_default, token, nr, &known);

	*ret_verdict = rule != NULL ? tree_verdict(rule->otherwise, &caps) : profile_default.known;
	if (!known || *ret_verdict == PROFILE_VACANT || (rule != NULL && rule->conditions_len > 0))
		return false;
	*ret_name = seccomp_syscall_resolve_num_arch(token, nr);
	return *ret_name != NULL;
}

/* libseccomp's filter for one architecture; calls go in by their native numbers. */
static size_t libseccomp_filter(uint32_t token, struct sock_filter *filter, size_t max)
{
	scmp_filter_ctx ctx = seccomp_init(profile_default.unknown);
	FILE *file = tmpfile();
	ssize_t size;

	if (token != seccomp_arch_native()) {
		assert_int_equal(seccomp_arch_add(ctx, token), 0);
		assert_int_equal(seccomp_arch_remove(ctx, SCMP_ARCH_NATIVE), 0);
	}
	for (int nr = 0; nr < NR_END; nr++) {
		uint32_t verdict;
		char *name;

		if (!is_plain(token, nr, &verdict, &name))
			continue;
		if (verdict != profile_default.unknown)
			assert_int_equal(seccomp_rule_add(ctx, verdict,
							  seccomp_syscall_resolve_name(name), 0),
					 0);
		free(name);
	}
	assert_int_equal(seccomp_export_bpf(ctx, fileno(file)), 0);
	seccomp_release(ctx);
	size = pread(fileno(file), filter, max * sizeof(*filter), 0);
	fclose(file);
	assert_true(size > 0);
	return (size_t)size / sizeof(*filter);
}

static void default_filter_is_libseccomps(void **state)
{
	static struct sock_filter ours[SECCOMP_DEFAULT_MAX], theirs[16384];
	size_t len = seccomp_default(profile_default_caps, ours), n, compared = 0;

	for (size_t t = 0; t < ARRAY_SIZE(tokens); t++) {
		struct seccomp_data data = { .arch = tree_audit_arch(tokens[t]) };

		n = libseccomp_filter(tokens[t], theirs, ARRAY_SIZE(theirs));
		for (data.nr = 0; data.nr < NR_END; data.nr++) {
			uint32_t verdict;
			char *name;

			if (!is_plain(tokens[t], data.nr, &verdict, &name))
				continue;
			if (filter_run(ours, len, &data) != filter_run(theirs, n, &data))
				report("%s (%d): 0x%x, libseccomp 0x%x\n", name, data.nr,
				       filter_run(ours, len, &data), filter_run(theirs, n, &data));
			free(name);
			compared++;
		}
	}
	assert_true(compared > 200 * ARRAY_SIZE(tokens));
}

static void foreign_calls_die(void **state)
{
	struct sock_filter filter[SECCOMP_DEFAULT_MAX];
	size_t len = seccomp_default(CAP_ALL_MASK, filter);
	struct seccomp_data data = { .arch = AUDIT_ARCH_S390X, .nr = 0 };

	assert_int_equal(filter_run(filter, len, &data), SECCOMP_RET_KILL_PROCESS);
#if defined(__x86_64__)
	data.arch = AUDIT_ARCH_X86_64;
	data.nr = (int)NR_X32;
	assert_int_equal(filter_run(filter, len, &data), SECCOMP_RET_ERRNO | ENOSYS);
#endif
}

/* The shorter of the two filters is the one that nearly everybody gets. */
static void default_capabilities_have_their_own_filter(void **state)
{
	struct sock_filter filter[SECCOMP_DEFAULT_MAX];
	unsigned short plain = seccomp_default(profile_default_caps, filter);

	assert_true(plain < seccomp_default(CAP_ALL_MASK, filter));
	assert_true(plain <= 200);
}

static void kernel_takes_it(void **state)
{
	for (int i = 0; i < 2; i++) {
		struct pass pass;
		struct spec spec;
		int status;
		pid_t pid;

		spec_init(&spec);
		spec.process.caps.bounding = i == 0 ? profile_default_caps : CAP_ALL_MASK;
		pid = fork();
		if (pid == 0) {
			if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
			    seccomp_install(&spec, &pass) < 0)
				_exit(1);
			_exit(syscall(SYS_add_key, 0, 0, 0, 0, 0) < 0 && errno == EPERM ? 0 : 2);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		spec_release(&spec);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(default_filter_is_the_table),
		cmocka_unit_test(default_filter_is_libseccomps),
		cmocka_unit_test(fake_filter_is_the_table),
		cmocka_unit_test(foreign_calls_die),
		cmocka_unit_test(default_capabilities_have_their_own_filter),
		cmocka_unit_test(kernel_takes_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
