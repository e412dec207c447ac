/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/pass.h"

#include <linux/audit.h>
#include <linux/bpf_common.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>

#include "base/err.h"
#include "box/seccomp.h"

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define NATIVE AUDIT_ARCH_RISCV64
#else
#error "what does the kernel call this architecture?"
#endif

#define MAX_FILTER 4096
#define ARGS 6
#define WORDS (PASS_ARGS * 2)

/* One after the other: the architecture, the number, a jump by it, and the words of the bits. */
enum {
	AT_ARCH = 1,
	AT_SENDMSG = 3,
	AT_RECVMSG,
	AT_EXECVEAT,
	AT_BITS,
	AT_LAST_BITS = AT_BITS + 2 * (WORDS - 2),
	AT_ALLOW = AT_BITS + 2 * WORDS,
	PASS_LEN,
};

static struct sock_filter load(size_t offset)
{
	return (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset);
}

/* Instruction `at`: where to go on from there. PASS_LEN is the profile. */
static struct sock_filter jump(uint32_t value, int at, int yes, int no)
{
	return (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value,
					    (uint8_t)(yes - at - 1), (uint8_t)(no - at - 1));
}

static size_t emit(const struct pass *pass, struct sock_filter *filter)
{
	const size_t args = offsetof(struct seccomp_data, args[ARGS - PASS_ARGS]);
	uint32_t words[WORDS];

	memcpy(words, pass->bits, sizeof(words));
	filter[0] = load(offsetof(struct seccomp_data, arch));
	filter[AT_ARCH] = jump(NATIVE, AT_ARCH, AT_ARCH + 1, PASS_LEN);
	filter[AT_ARCH + 1] = load(offsetof(struct seccomp_data, nr));
	filter[AT_SENDMSG] = jump(SYS_sendmsg, AT_SENDMSG, AT_BITS, AT_RECVMSG);
	filter[AT_RECVMSG] = jump(SYS_recvmsg, AT_RECVMSG, AT_BITS, AT_EXECVEAT);
	filter[AT_EXECVEAT] = jump(SYS_execveat, AT_EXECVEAT, AT_LAST_BITS, PASS_LEN);
	for (int i = 0; i < WORDS; i++) {
		int at = AT_BITS + 2 * i;

		filter[at] = load(args + (size_t)i * sizeof(words[0]));
		filter[at + 1] = jump(words[i], at + 1, at + 2, PASS_LEN);
	}
	filter[AT_ALLOW] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	return PASS_LEN;
}

static bool jumps(const struct sock_filter *insn, uint32_t value)
{
	switch (BPF_OP(insn->code)) {
	case BPF_JEQ:
		return value == insn->k;
	case BPF_JGT:
		return value > insn->k;
	case BPF_JGE:
		return value >= insn->k;
	default:
		return (value & insn->k) != 0; /* BPF_JSET */
	}
}

/* What the kernel would find for a call whose arguments are all zero, by the instructions that
 * libseccomp uses. */
static uint32_t verdict(const struct sock_filter *filter, size_t len, int nr)
{
	const struct seccomp_data data = { .nr = nr, .arch = NATIVE };
	uint32_t value = 0;

	for (size_t at = 0; at < len; at++) {
		const struct sock_filter *insn = &filter[at];

		if (insn->code == (BPF_LD | BPF_W | BPF_ABS) &&
		    insn->k <= sizeof(data) - sizeof(value))
			memcpy(&value, (const char *)&data + insn->k, sizeof(value));
		else if (insn->code == (BPF_ALU | BPF_AND | BPF_K))
			value &= insn->k;
		else if (insn->code == (BPF_RET | BPF_K))
			return insn->k;
		else if (insn->code == (BPF_JMP | BPF_JA))
			at += insn->k;
		else if (BPF_CLASS(insn->code) == BPF_JMP)
			at += jumps(insn, value) ? insn->jt : insn->jf;
		else
			break;
	}
	return SECCOMP_RET_KILL_PROCESS;
}

bool pass_is_needed(const struct spec_seccomp *seccomp)
{
	uint32_t found = verdict(seccomp->filter, seccomp->filter_len, SYS_execveat);

	return seccomp->notifies || (found != SECCOMP_RET_ALLOW && found != SECCOMP_RET_LOG);
}

int pass_install(const struct spec_seccomp *seccomp, uint32_t flags, struct pass *ret_pass)
{
	struct sock_filter filter[MAX_FILTER];
	size_t n;

	*ret_pass = (struct pass){ 0 };
	if (!seccomp->passes)
		return seccomp_set_flags(seccomp->filter, seccomp->filter_len, flags);
	if (getrandom(ret_pass, sizeof(*ret_pass), 0) != sizeof(*ret_pass))
		return fail("cannot get random bits for the start of the container");
	n = emit(ret_pass, filter);
	if (n + seccomp->filter_len > MAX_FILTER)
		return refuse("linux.seccomp: with what the start needs, the filter is longer than "
			      "the %d instructions of the kernel's limit",
			      MAX_FILTER);
	memcpy(filter + n, seccomp->filter, seccomp->filter_len * sizeof(*filter));
	return seccomp_set_flags(filter, (unsigned short)(n + seccomp->filter_len), flags);
}
