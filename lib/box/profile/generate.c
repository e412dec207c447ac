/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs when berth is built: `generate CPU` prints the default filter as a C header. */
#include <linux/bpf_common.h>
#include <linux/capability.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>

#include "box/profile/tree.h"

static const struct {
	const char *cpu; /* as meson calls it */
	uint32_t tokens[3];
} cpus[] = {
	{ "x86_64", { SCMP_ARCH_X86_64, SCMP_ARCH_X86 } },
	{ "aarch64", { SCMP_ARCH_AARCH64, SCMP_ARCH_ARM } },
	{ "riscv64", { SCMP_ARCH_RISCV64 } },
};

/* What of the default set of capabilities opens a gate. */
static const uint64_t default_caps = UINT64_C(1) << CAP_SYS_CHROOT;

static void print_filter(const char *name, const struct tree_filter *filter)
{
	printf("static const struct sock_filter %s_filter[] = {\n", name);
	for (size_t i = 0; i < filter->n; i++)
		printf("\t{ 0x%x, %u, %u, 0x%x },\n", filter->v[i].code, filter->v[i].jt,
		       filter->v[i].jf, filter->v[i].k);
	printf("};\n\n");
}

static void print_gates(const struct tree_filter *filter)
{
	printf("static const struct filter_gate gated_gates[] = {\n");
	for (size_t i = 0; i < filter->n; i++) {
		const struct sock_filter *insn = &filter->v[i];
		const struct profile_gate *gate;

		if (insn->code != (BPF_RET | BPF_K) || (insn->k & PROFILE_ACTION) != PROFILE_GATE)
			continue;
		gate = &profile_gates[insn->k & PROFILE_DATA];
		printf("\t{ %zu, 0x%llxULL, 0x%xU, 0x%xU },\n", i, (unsigned long long)gate->any_of,
		       gate->granted, gate->denied);
	}
	printf("};\n");
}

static int generate(const uint32_t *tokens)
{
	struct tree_filter plain, gated, fake;
	uint64_t caps = 0;

	if (tree_compile(&profile_default, tokens, &default_caps, &plain) < 0 ||
	    tree_compile(&profile_default, tokens, NULL, &gated) < 0 ||
	    tree_compile(&profile_fake, tokens, NULL, &fake) < 0)
		return -1;
	print_filter("default", &plain);
	print_filter("gated", &gated);
	print_filter("fake", &fake);
	print_gates(&gated);
	for (size_t i = 0; i < profile_gates_len; i++)
		caps |= profile_gates[i].any_of;
	printf("\n/* The capabilities that matter, and those the first filter is for. */\n"
	       "#define GATE_CAPS 0x%llxULL\n#define DEFAULT_CAPS 0x%llxULL\n",
	       (unsigned long long)caps, (unsigned long long)default_caps);
	tree_release(&plain);
	tree_release(&gated);
	tree_release(&fake);
	return fflush(stdout);
}

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 2 && i < sizeof(cpus) / sizeof(cpus[0]); i++)
		if (strcmp(cpus[i].cpu, argv[1]) == 0)
			return generate(cpus[i].tokens) == 0 ? 0 : 1;
	fprintf(stderr, "generate: no default filter for the processor '%s'\n",
		argc == 2 ? argv[1] : "");
	return 1;
}
