/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_TEST_BPF_H
#define BERTH_TEST_BPF_H

#include <linux/bpf_common.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>

#include "unit.h"

#define report(...) \
	do { \
		print_error(__VA_ARGS__); \
		assert_true(false); \
	} while (0)

/* The kernel's interpreter, as far as filters of system calls can use it. */
static inline uint32_t filter_run(const struct sock_filter *filter, size_t len,
				  const struct seccomp_data *data)
{
	uint32_t a = 0;

	for (size_t pc = 0; pc < len; pc++) {
		const struct sock_filter *insn = &filter[pc];
		bool yes;

		switch (insn->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			assert_true(insn->k % 4 == 0 && insn->k < sizeof(*data));
			memcpy(&a, (const char *)data + insn->k, sizeof(a));
			continue;
		case BPF_RET | BPF_K:
			return insn->k;
		case BPF_JMP | BPF_JA:
			pc += insn->k;
			continue;
		case BPF_JMP | BPF_JEQ | BPF_K:
			yes = a == insn->k;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			yes = a >= insn->k;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			yes = a > insn->k;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			yes = (a & insn->k) != 0;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= insn->k;
			continue;
		default:
			report("instruction %zu: code 0x%x\n", pc, insn->code);
			return 0;
		}
		pc += yes ? insn->jt : insn->jf;
	}
	report("the filter ends without a verdict\n");
	return 0;
}

#endif
