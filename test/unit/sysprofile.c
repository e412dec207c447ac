/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/sysprofile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "box/seccomp.h"
#include "box/syscache.h"
#include "bpf.h"

#define ALLOW SECCOMP_RET_ALLOW
#define DENY(err) (SECCOMP_RET_ERRNO | (err))
#define CHROOT (UINT64_C(1) << 18)

static uint32_t native_audit(void)
{
#if defined(__x86_64__)
	return AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
	return AUDIT_ARCH_AARCH64;
#else
	return 0;
#endif
}

static uint32_t verdict(const struct sysprofile *profile, const char *call, uint64_t arg0,
			uint64_t arg1)
{
	struct seccomp_data data = { .nr = seccomp_syscall_resolve_name(call),
				     .arch = native_audit(),
				     .args = { arg0, arg1 } };

	return filter_run(profile->filter, profile->len, &data);
}

static int compile(const char *text, uint64_t caps, struct sysprofile *ret_profile)
{
	const struct sysprofile_source source = {
		.bytes = text, .len = strlen(text), .name = "test", .caps = caps
	};

	*ret_profile = (struct sysprofile){ 0 };
	return sysprofile_compile(&source, ret_profile);
}

/* What a rule says, and what is said where none does. */
static void rules_decide(void **state)
{
	static const struct {
		const char *rule;
		uint64_t arg0, arg1;
		uint32_t want;
	} rows[] = {
		{ "\"names\":[\"chroot\",\"no_such_call\"],\"action\":\"SCMP_ACT_ALLOW\"", 0, 0,
		  ALLOW },
		{ "\"name\":\"chroot\",\"action\":\"SCMP_ACT_ALLOW\"", 0, 0, ALLOW },
		{ "\"names\":[\"chdir\"],\"action\":\"SCMP_ACT_ALLOW\"", 0, 0, DENY(5) },
		{ "\"names\":[\"chroot\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":7", 0, 0,
		  DENY(7) },
		{ "\"names\":[\"chroot\"],\"action\":\"SCMP_ACT_ERRNO\"", 0, 0, DENY(EPERM) },
		{ "\"names\":[\"chroot\"],\"action\":\"SCMP_ACT_TRAP\"", 0, 0, SECCOMP_RET_TRAP },
		{ "\"names\":[\"chroot\"],\"action\":\"SCMP_ACT_KILL_PROCESS\"", 0, 0,
		  SECCOMP_RET_KILL_PROCESS },
		{ "\"names\":[\"chroot\"],\"action\":\"SCMP_ACT_LOG\"", 0, 0, SECCOMP_RET_LOG },
		/* conditions */
		{ "\"names\":[\"chroot\"],\"action\":\"SCMP_ACT_ALLOW\","
		  "\"includes\":{\"caps\":[\"CAP_SYS_CHROOT\"]}",
		  0, 0, ALLOW },
		{ "\"names\":[\"chroot\"],\"action\":\"SCMP_ACT_ALLOW\","
		  "\"includes\":{\"caps\":[\"CAP_SYS_CHROOT\",\"CAP_SYS_ADMIN\"]}",
		  0, 0, DENY(5) },
		{ "\"names\":[\"chroot\"],\"action\":\"SCMP_ACT_ALLOW\","
		  "\"excludes\":{\"caps\":[\"CAP_SYS_CHROOT\",\"CAP_SYS_ADMIN\"]}",
		  0, 0, DENY(5) },
		{ "\"names\":[\"chroot\"],\"action\":\"SCMP_ACT_ALLOW\","
		  "\"excludes\":{\"caps\":[\"CAP_SYS_ADMIN\"],\"arches\":[\"s390x\"]}",
		  0, 0, ALLOW },
		{ "\"names\":[\"chroot\"],\"action\":\"SCMP_ACT_ALLOW\","
		  "\"includes\":{\"arches\":[\"amd64\",\"arm64\"]}",
		  0, 0, ALLOW },
		{ "\"names\":[\"chroot\"],\"action\":\"SCMP_ACT_ALLOW\","
		  "\"includes\":{\"arches\":[\"s390x\"]}",
		  0, 0, DENY(5) },
		{ "\"names\":[\"chroot\"],\"action\":\"SCMP_ACT_ALLOW\","
		  "\"includes\":{\"minKernel\":\"4.8\"}",
		  0, 0, ALLOW },
		{ "\"names\":[\"chroot\"],\"action\":\"SCMP_ACT_ALLOW\","
		  "\"includes\":{\"minKernel\":\"99.0\"}",
		  0, 0, DENY(5) },
		/* arguments */
		{ "\"names\":[\"chroot\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,"
		  "\"value\":3,\"op\":\"SCMP_CMP_EQ\"}]",
		  3, 0, ALLOW },
		{ "\"names\":[\"chroot\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,"
		  "\"value\":3,\"op\":\"SCMP_CMP_EQ\"}]",
		  4, 0, DENY(5) },
		{ "\"names\":[\"chroot\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,"
		  "\"value\":18446744073709551615,\"op\":\"SCMP_CMP_EQ\"}]",
		  UINT64_MAX, 0, ALLOW },
		{ "\"names\":[\"chroot\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":1,"
		  "\"value\":6,\"valueTwo\":2,\"op\":\"SCMP_CMP_MASKED_EQ\"}]",
		  0, 11, ALLOW },
		{ "\"names\":[\"chroot\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,"
		  "\"value\":3,\"op\":\"SCMP_CMP_EQ\"},{\"index\":1,\"value\":4,"
		  "\"op\":\"SCMP_CMP_EQ\"}]",
		  3, 5, DENY(5) },
		/* the same argument twice: either will do */
		{ "\"names\":[\"chroot\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,"
		  "\"value\":3,\"op\":\"SCMP_CMP_EQ\"},{\"index\":0,\"value\":4,"
		  "\"op\":\"SCMP_CMP_EQ\"}]",
		  4, 0, ALLOW },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(sysprofile) profile;
		autofree char *text = xasprintf(
			"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":5,"
			"\"archMap\":[{\"architecture\":\"SCMP_ARCH_X86_64\",\"subArchitectures\":"
			"[\"SCMP_ARCH_X86\",\"SCMP_ARCH_X32\"]},{\"architecture\":"
			"\"SCMP_ARCH_MIPS64\",\"subArchitectures\":null}],\"syscalls\":"
			"[{\"names\":[\"fork\"],\"action\":\"SCMP_ACT_ALLOW\"},{%s},"
			"{\"names\":[\"faccessat2\"],\"action\":\"SCMP_ACT_ALLOW\"}]}",
			rows[i].rule);
		uint32_t got;

		if (compile(text, CHROOT, &profile) < 0)
			report("%s: %s\n", rows[i].rule, err_text());
		got = verdict(&profile, "chroot", rows[i].arg0, rows[i].arg1);
		if (got != rows[i].want)
			report("%s: 0x%x, not 0x%x\n", rows[i].rule, got, rows[i].want);
		/* Newer than the newest that it names. */
		assert_int_equal(verdict(&profile, "process_mrelease", 0, 0), DENY(ENOSYS));
	}
}

static void mistakes_are_named(void **state)
{
	static const struct {
		const char *text, *say;
	} rows[] = {
		{ "", "test" },
		{ "[]", "not a profile" },
		{ "{}", "defaultAction" },
		{ "{\"defaultAction\":\"ALLOW\"}", "'ALLOW' is not an action" },
		{ "{\"defaultAction\":\"SCMP_ACT_NOTIFY\"}", "listener" },
		{ "{\"defaultAction\":7}", "defaultAction" },
		{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":5000}",
		  "defaultErrnoRet" },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_Z80\"]}",
		  "SCMP_ARCH_Z80" },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":{}}", "syscalls" },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[1]}", "syscalls[0]" },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"fork\"]}]}",
		  "syscalls[0]" },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"fork\"],"
		  "\"action\":\"SCMP_ACT_KILL\",\"args\":[{\"index\":6,\"op\":\"SCMP_CMP_EQ\"}]}]}",
		  "index" },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"fork\"],"
		  "\"action\":\"SCMP_ACT_KILL\",\"args\":[{\"index\":0,\"op\":\"==\"}]}]}",
		  "operator" },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"fork\"],"
		  "\"action\":\"SCMP_ACT_KILL\",\"args\":[{\"index\":0,\"value\":-1,"
		  "\"op\":\"SCMP_CMP_EQ\"}]}]}",
		  "value" },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"fork\"],"
		  "\"action\":\"SCMP_ACT_KILL\",\"includes\":{\"minKernel\":\"new\"}}]}",
		  "minKernel" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(sysprofile) profile;

		if (compile(rows[i].text, 0, &profile) >= 0)
			report("'%s' is taken\n", rows[i].text);
		if (strstr(err_text(), rows[i].say) == NULL)
			report("'%s': %s\n", rows[i].text, err_text());
		err_clear();
	}
}

/* Cut one byte off every file, then everything. */
static void damage(const char *path, int round)
{
	autodir DIR *dir = opendir(path);
	struct dirent *entry;
	struct stat st;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		autoclose int fd = openat(dirfd(dir), entry->d_name, O_WRONLY | O_CLOEXEC);

		if (entry->d_name[0] == '.')
			continue;
		assert_int_equal(fstat(fd, &st), 0);
		assert_int_equal(ftruncate(fd, round == 0 ? st.st_size - 1 : 0), 0);
	}
}

/* A filter that is kept is the one that would be compiled; a damaged file is as good as none. */
static void profiles_are_kept(void **state)
{
	static const char text[] = "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":"
				   "[\"chroot\"],\"action\":\"SCMP_ACT_KILL\",\"excludes\":"
				   "{\"caps\":[\"CAP_SYS_CHROOT\"]}}]}";
	char dir[] = "/tmp/berth-unit-XXXXXX";
	autofree char *path = NULL, *cache = NULL;
	AUTO(spec) first, second;

	assert_non_null(mkdtemp(dir));
	path = xasprintf("%s/profile.json", dir);
	cache = xasprintf("%s/cache/seccomp", dir);
	assert_int_equal(fs_replace_file(AT_FDCWD, path, text, strlen(text), 0600, false), 0);
	for (int round = 0; round < 3; round++) {
		struct sysprofile profile;

		spec_init(&first);
		spec_init(&second);
		first.process.caps.bounding = CHROOT;
		assert_int_equal(seccomp_compile(path, cache, &first), 0);
		assert_int_equal(seccomp_compile(path, cache, &second), 0);
		assert_int_equal(second.seccomp.mode, SECCOMP_PROFILE);
		profile = (struct sysprofile){ first.seccomp.filter, first.seccomp.filter_len };
		assert_int_equal(verdict(&profile, "chroot", 0, 0), ALLOW);
		profile = (struct sysprofile){ second.seccomp.filter, second.seccomp.filter_len };
		assert_int_equal(verdict(&profile, "chroot", 0, 0), SECCOMP_RET_KILL_THREAD);
		spec_release(&first);
		spec_release(&second);
		damage(cache, round);
	}
	spec_init(&first);
	spec_init(&second);
	assert_int_equal(fs_remove_tree(AT_FDCWD, dir), 0);
}

/* One profile for each container is no reason to fill the disk. */
static void not_all_are_kept(void **state)
{
	char dir[] = "/tmp/berth-unit-XXXXXX";
	struct sock_filter filter[] = { { .code = BPF_RET | BPF_K, .k = ALLOW } };
	const struct sysprofile profile = { filter, 1 };
	struct sysprofile found = { 0 };
	autodir DIR *stream = NULL;
	size_t n = 0;

	assert_non_null(mkdtemp(dir));
	for (int i = 0; i < 200; i++) {
		AUTO(buf) key = BUF_INIT;

		buf_addf(&key, "profile %d", i);
		assert_int_equal(syscache_keep(dir, &key, &profile), 0);
		assert_int_equal(syscache_find(dir, &key, &found), 1);
		sysprofile_release(&found);
	}
	stream = opendir(dir);
	assert_non_null(stream);
	while (readdir(stream) != NULL)
		n++;
	assert_true(n > 2 && n <= MAX_KEPT_FILTERS);
	assert_int_equal(fs_remove_tree(AT_FDCWD, dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_decide),
		cmocka_unit_test(mistakes_are_named),
		cmocka_unit_test(profiles_are_kept),
		cmocka_unit_test(not_all_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
