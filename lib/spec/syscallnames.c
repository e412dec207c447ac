/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/syscallnames.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>

const struct syscall_action syscall_actions[] = {
	{ "SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD, false },
	{ "SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS, false },
	{ "SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD, false },
	{ "SCMP_ACT_TRAP", SECCOMP_RET_TRAP, false },
	{ "SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO, true },
	{ "SCMP_ACT_TRACE", SECCOMP_RET_TRACE, true },
	{ "SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW, false },
	{ "SCMP_ACT_LOG", SECCOMP_RET_LOG, false },
	{ "SCMP_ACT_NOTIFY", SECCOMP_RET_USER_NOTIF, false },
	{ 0 },
};

const struct syscall_operator syscall_operators[] = {
	{ "SCMP_CMP_NE", SCMP_CMP_NE },
	{ "SCMP_CMP_LT", SCMP_CMP_LT },
	{ "SCMP_CMP_LE", SCMP_CMP_LE },
	{ "SCMP_CMP_EQ", SCMP_CMP_EQ },
	{ "SCMP_CMP_GE", SCMP_CMP_GE },
	{ "SCMP_CMP_GT", SCMP_CMP_GT },
	{ "SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ },
	{ 0 },
};

const struct syscall_flag syscall_flags[] = {
	{ "SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC },
	{ "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
	{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
	{ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV },
	{ 0 },
};

#define PREFIX "SCMP_ARCH_"

const struct syscall_arch syscall_arches[] = {
	{ PREFIX "X86", "x86", "x86", "x86", AUDIT_ARCH_I386 },
	{ PREFIX "X86_64", "x86_64", "amd64", "x86", AUDIT_ARCH_X86_64 },
	{ PREFIX "X32", "x32", "x32", "x86", 0 },
	{ PREFIX "ARM", "arm", "arm", "arm", AUDIT_ARCH_ARM },
	{ PREFIX "AARCH64", "aarch64", "arm64", "arm", AUDIT_ARCH_AARCH64 },
	{ PREFIX "MIPS", "mips", "mips", "mips", AUDIT_ARCH_MIPS },
	{ PREFIX "MIPS64", "mips64", "mips64", "mips", AUDIT_ARCH_MIPS64 },
	{ PREFIX "MIPS64N32", "mips64n32", NULL, "mips", AUDIT_ARCH_MIPS64N32 },
	{ PREFIX "MIPSEL", "mipsel", "mipsle", "mipsel", AUDIT_ARCH_MIPSEL },
	{ PREFIX "MIPSEL64", "mipsel64", "mips64le", "mipsel", AUDIT_ARCH_MIPSEL64 },
	{ PREFIX "MIPSEL64N32", "mipsel64n32", NULL, "mipsel", AUDIT_ARCH_MIPSEL64N32 },
	{ PREFIX "PPC", "ppc", "ppc", "ppc", AUDIT_ARCH_PPC },
	{ PREFIX "PPC64", "ppc64", "ppc64", "ppc", AUDIT_ARCH_PPC64 },
	{ PREFIX "PPC64LE", "ppc64le", "ppc64le", "ppc64le", AUDIT_ARCH_PPC64LE },
	{ PREFIX "S390", "s390", "s390", "s390", AUDIT_ARCH_S390 },
	{ PREFIX "S390X", "s390x", "s390x", "s390", AUDIT_ARCH_S390X },
	{ PREFIX "PARISC", "parisc", NULL, "parisc", AUDIT_ARCH_PARISC },
	{ PREFIX "PARISC64", "parisc64", NULL, "parisc", AUDIT_ARCH_PARISC64 },
	{ PREFIX "RISCV64", "riscv64", "riscv64", "riscv64", AUDIT_ARCH_RISCV64 },
	{ PREFIX "LOONGARCH64", "loongarch64", "loong64", "loongarch64", AUDIT_ARCH_LOONGARCH64 },
	{ PREFIX "M68K", "m68k", NULL, "m68k", AUDIT_ARCH_M68K },
	{ PREFIX "SH", "sh", NULL, "sh", AUDIT_ARCH_SHEL },
	{ PREFIX "SHEB", "sheb", NULL, "sheb", AUDIT_ARCH_SH },
	{ 0 },
};

/* The row of this name in a table whose rows begin with their name. */
static const void *find(const void *table, size_t size, const char *name)
{
	const char *at = table;

	for (;; at += size) {
		const char *row;

		memcpy(&row, at, sizeof(row));
		if (row == NULL || strcmp(row, name) == 0)
			return row != NULL ? at : NULL;
	}
}

const struct syscall_action *syscall_action_find(const char *name)
{
	return find(syscall_actions, sizeof(*syscall_actions), name);
}

const struct syscall_operator *syscall_operator_find(const char *name)
{
	return find(syscall_operators, sizeof(*syscall_operators), name);
}

const struct syscall_flag *syscall_flag_find(const char *name)
{
	return find(syscall_flags, sizeof(*syscall_flags), name);
}

const struct syscall_arch *syscall_arch_find(const char *name)
{
	return find(syscall_arches, sizeof(*syscall_arches), name);
}
