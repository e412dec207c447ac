/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_SPEC_SYSCALLNAMES_H
#define BERTH_SPEC_SYSCALLNAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The words of linux.seccomp in the runtime-spec, and what they stand for: one table each. The
 * finders return NULL for a word that is not in it. Tables end with a row without a name.
 */

/* "SCMP_ACT_ERRNO": SECCOMP_RET_ERRNO, which has room for a number. */
struct syscall_action {
	const char *name;
	uint32_t action;
	bool has_data;
};
extern const struct syscall_action syscall_actions[];
const struct syscall_action *syscall_action_find(const char *name);

/* "SCMP_CMP_EQ": the number that libseccomp has for it. */
struct syscall_operator {
	const char *name;
	int op;
};
extern const struct syscall_operator syscall_operators[];
const struct syscall_operator *syscall_operator_find(const char *name);

/* "SECCOMP_FILTER_FLAG_LOG" */
struct syscall_flag {
	const char *name;
	uint32_t flag;
};
extern const struct syscall_flag syscall_flags[];
const struct syscall_flag *syscall_flag_find(const char *name);

/* "SCMP_ARCH_X86_64" */
struct syscall_arch {
	const char *name;
	const char *libseccomp; /* what libseccomp calls it */
	const char *go;         /* what Go does: in conditions of docker's profiles */
	const char *family;     /* one kernel runs programs of all that have the same */
	uint32_t audit;         /* AUDIT_ARCH_*; 0: shared with another */
};
extern const struct syscall_arch syscall_arches[];
const struct syscall_arch *syscall_arch_find(const char *name);

#endif
