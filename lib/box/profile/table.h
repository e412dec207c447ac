/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_PROFILE_TABLE_H
#define BERTH_BOX_PROFILE_TABLE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Filters of system calls as data: the default profile, and the one that fakes ownership
 * (fakeid.h). generate.c compiles them when berth is built; the unit test walks them again, line by
 * line, against the filters.
 *
 * A verdict is what the filter returns: SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO | n, or
 * PROFILE_GATE | enum gate, which is put in its place when the filter is installed and the
 * capabilities are known. The kernel does not know the action PROFILE_GATE and kills for it, so one
 * that were forgotten would not open anything.
 */
#define PROFILE_GATE 0x00010000U
#define PROFILE_VACANT 0x00020000U /* whatever is shortest: there is nothing to allow */
#define PROFILE_ACTION 0xffff0000U /* SECCOMP_RET_ACTION_FULL */
#define PROFILE_DATA 0x0000ffffU   /* SECCOMP_RET_DATA */

/* Granted where one of the capabilities in the mask is in the bounding set. */
struct profile_gate {
	uint64_t any_of;
	uint32_t granted, denied;
};
extern const struct profile_gate profile_gates[];
extern const size_t profile_gates_len;

/* On the low 32 bits of an argument: the kernel reads no more of those that are tested here. */
enum profile_op {
	TEST_NONE,
	TEST_EQUAL,
	TEST_ANY_BIT, /* argument & value is not 0 */
	TEST_ABOVE,   /* as unsigned numbers */
	TEST_BELOW,
};

struct profile_test {
	uint32_t arg;
	enum profile_op op;
	uint32_t value;
};

/* All tests must hold; the first condition of a rule that does decides. */
#define PROFILE_TESTS 2
struct profile_condition {
	struct profile_test test[PROFILE_TESTS];
	uint32_t verdict;
};

struct profile_rule {
	const char *names; /* of system calls on any architecture, separated by blanks */
	const struct profile_condition *conditions;
	size_t conditions_len;
	uint32_t otherwise;
};

struct profile {
	const struct profile_rule *rules;
	size_t rules_len;
	/* What is in no rule: calls that were known when the profile was written, and those that
	 * came later. A program falls back to something older where a call does not exist. */
	uint32_t known, unknown;
	uint32_t foreign; /* of another architecture */
};

extern const struct profile profile_default;
extern const struct profile profile_fake;

/* System calls that the build machine's libseccomp may not know yet. From 424 on numbers are the
 * same on every architecture; arch is the token of libseccomp for others, or 0. */
struct profile_number {
	const char *name;
	int nr;
	uint32_t arch;
};
extern const struct profile_number profile_numbers[];
extern const size_t profile_numbers_len;

#endif
