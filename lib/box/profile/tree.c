/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/profile/tree.h"

#include <linux/audit.h>
#include <linux/bpf_common.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

/* No architecture has a number above this one in use, but for the private ones of arm. */
#define NR_PLAIN 600
#define NR_ARM_FIRST 0x0f0001
#define NR_ARM_LAST 0x0f0006
/* The farthest that a conditional jump can reach. */
#define JUMP_MAX 255

static const struct {
	uint32_t token, audit;
} arches[] = {
	{ SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64 },   { SCMP_ARCH_X86, AUDIT_ARCH_I386 },
	{ SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64 }, { SCMP_ARCH_ARM, AUDIT_ARCH_ARM },
	{ SCMP_ARCH_RISCV64, AUDIT_ARCH_RISCV64 },
};

/* The end of a path: a rule with conditions, or a verdict. */
struct end {
	const struct profile_rule *rule;
	uint32_t verdict;
};

/* Numbers first .. (the next range's first) - 1. */
struct range {
	uint32_t first;
	struct end end;
	uint32_t weight; /* numbers of the kernel in it */
};

struct ranges {
	struct range *v;
	size_t n;
};

/* Cost and root of the best tree over ranges i .. j. */
struct cell {
	uint64_t cost;
	size_t split;
	int single; /* three ranges, the outer ones with the same end: one test for the middle */
};

/* What one instruction costs by its being there, in steps of the kernel's walk over all numbers:
 * about 200 ns against 2.4. */
#define INSN_COST 88

static void *grow(void *array, size_t n, size_t size)
{
	/* At powers of two. */
	if ((n & (n - 1)) != 0)
		return array;
	array = realloc(array, (n == 0 ? 1 : 2 * n) * size);
	if (array == NULL)
		abort();
	return array;
}

/*
 * A filter is written from its end to its beginning, because jumps go forward only: what an
 * instruction jumps to is there already, and is shared by all who can reach it. v[] is in reverse
 * order until the end. A place is an index in it.
 */
struct writer {
	struct tree_filter code;
	const struct profile *profile;
	const uint64_t *caps; /* NULL: gates stay in */
	struct {
		struct place *v;
		size_t n;
	} places; /* of everything that may be jumped to, the latest last */
};

struct place {
	struct end end;
	size_t at;
};

static size_t emit(struct writer *w, uint16_t code, uint32_t k)
{
	struct tree_filter *f = &w->code;

	f->v = grow(f->v, f->n, sizeof(*f->v));
	f->v[f->n] = (struct sock_filter){ .code = code, .k = k };
	return f->n++;
}

/* How far the next instruction would have to jump. */
static size_t distance(const struct writer *w, size_t place)
{
	return w->code.n - place - 1;
}

/* The place itself, or a copy of it or a stepping stone; `more` instructions will come before the
 * jump. */
static size_t reach(struct writer *w, size_t place, size_t more)
{
	struct sock_filter insn = w->code.v[place];

	if (distance(w, place) + more <= JUMP_MAX)
		return place;
	if (insn.code == (BPF_RET | BPF_K))
		return emit(w, insn.code, insn.k);
	return emit(w, BPF_JMP | BPF_JA, (uint32_t)distance(w, place));
}

static size_t emit_jump(struct writer *w, uint16_t op, uint32_t k, size_t yes, size_t no)
{
	size_t at;

	yes = reach(w, yes, 1);
	no = reach(w, no, 0);
	at = emit(w, BPF_JMP | op | BPF_K, k);
	w->code.v[at].jt = (uint8_t)(at - yes - 1);
	w->code.v[at].jf = (uint8_t)(at - no - 1);
	return at;
}

void tree_release(struct tree_filter *filter)
{
	free(filter->v);
	*filter = (struct tree_filter){ 0 };
}

uint32_t tree_audit_arch(uint32_t token)
{
	for (size_t i = 0; i < sizeof(arches) / sizeof(arches[0]); i++)
		if (arches[i].token == token)
			return arches[i].audit;
	return 0;
}

/* Is `name` one of the blank-separated names? */
static int names_have(const char *names, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = names; p != NULL; p = strchr(p, ' ')) {
		p += *p == ' ';
		if (strncmp(p, name, len) == 0 && (p[len] == ' ' || p[len] == '\0'))
			return 1;
	}
	return 0;
}

static char *number_name(uint32_t token, int nr)
{
	char *name = seccomp_syscall_resolve_num_arch(token, nr);

	for (size_t i = 0; name == NULL && i < profile_numbers_len; i++)
		if (profile_numbers[i].nr == nr &&
		    (profile_numbers[i].arch == 0 || profile_numbers[i].arch == token))
			name = strdup(profile_numbers[i].name);
	return name;
}

const struct profile_rule *tree_rule(const struct profile *profile, uint32_t token, int nr,
				     int *ret_known)
{
	char *name = number_name(token, nr);
	const struct profile_rule *rule = NULL;

	*ret_known = name != NULL;
	for (size_t i = 0; name != NULL && rule == NULL && i < profile->rules_len; i++)
		if (names_have(profile->rules[i].names, name))
			rule = &profile->rules[i];
	free(name);
	return rule;
}

uint32_t tree_verdict(uint32_t verdict, const uint64_t *caps)
{
	const struct profile_gate *gate;

	if (caps == NULL || (verdict & PROFILE_ACTION) != PROFILE_GATE)
		return verdict;
	gate = &profile_gates[verdict & PROFILE_DATA];
	return (*caps & gate->any_of) != 0 ? gate->granted : gate->denied;
}

/* Add one number; neighbours with the same end are one range. */
static void range_add(const struct writer *w, struct ranges *ranges, uint32_t token, uint32_t nr)
{
	int known;
	const struct profile_rule *rule = tree_rule(w->profile, token, (int)nr, &known);
	struct end end = { .verdict = known ? w->profile->known : w->profile->unknown };
	struct range *last = ranges->n > 0 ? &ranges->v[ranges->n - 1] : NULL;

	if (rule != NULL && rule->conditions_len > 0)
		end = (struct end){ .rule = rule };
	else if (rule != NULL)
		end.verdict = tree_verdict(rule->otherwise, w->caps);
	if (last != NULL && (end.verdict == PROFILE_VACANT ||
			     (last->end.rule == end.rule && last->end.verdict == end.verdict))) {
		last->weight++;
		return;
	}
	ranges->v = grow(ranges->v, ranges->n, sizeof(*ranges->v));
	ranges->v[ranges->n++] = (struct range){ nr, end, 1 };
}

static void ranges_find(const struct writer *w, struct ranges *ranges, uint32_t token)
{
	for (uint32_t nr = 0; nr < NR_PLAIN; nr++)
		range_add(w, ranges, token, nr);
	if (token != SCMP_ARCH_ARM)
		return;
	for (uint32_t nr = NR_ARM_FIRST; nr <= NR_ARM_LAST + 1; nr++)
		range_add(w, ranges, token, nr);
}

/* Mutual recursion: an end holds conditions, which have ends. */
static size_t emit_end(struct writer *w, const struct end *end, size_t more);

/* The tests of one condition; where one does not hold, control goes on at `next`. */
static size_t emit_condition(struct writer *w, const struct profile_condition *condition,
			     size_t next)
{
	static const uint16_t jumps[] = {
		[TEST_EQUAL] = BPF_JEQ,
		[TEST_ANY_BIT] = BPF_JSET,
		[TEST_ABOVE] = BPF_JGT,
	};
	const struct end end = { .verdict = tree_verdict(condition->verdict, w->caps) };
	size_t at = emit_end(w, &end, 1);

	for (size_t i = PROFILE_TESTS; i-- > 0;) {
		const struct profile_test *test = &condition->test[i];
		uint32_t offset = (uint32_t)offsetof(struct seccomp_data, args) + 8 * test->arg;

		if (test->op == TEST_NONE)
			continue;
		if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
			offset += 4;
		if (test->op == TEST_BELOW)
			emit_jump(w, BPF_JGE, test->value, next, at);
		else
			emit_jump(w, jumps[test->op], test->value, at, next);
		at = emit(w, BPF_LD | BPF_W | BPF_ABS, offset);
	}
	return at;
}

static size_t emit_rule(struct writer *w, const struct profile_rule *rule)
{
	const struct end otherwise = { .verdict = tree_verdict(rule->otherwise, w->caps) };
	size_t at = emit_end(w, &otherwise, 1);

	for (size_t i = rule->conditions_len; i-- > 0;)
		at = emit_condition(w, &rule->conditions[i], at);
	return at;
}

/* Where a path ends: a place that is there already and that a jump can reach from behind `more`
 * further instructions, or a new one. */
static size_t emit_end(struct writer *w, const struct end *end, size_t more)
{
	size_t at;

	for (size_t i = w->places.n; i-- > 0;) {
		const struct place *place = &w->places.v[i];

		if (place->end.rule != end->rule || place->end.verdict != end->verdict)
			continue;
		if (distance(w, place->at) + more <= JUMP_MAX)
			return place->at;
		if (end->rule == NULL)
			break;
		return reach(w, place->at, more);
	}
	at = end->rule != NULL ? emit_rule(w, end->rule) : emit(w, BPF_RET | BPF_K, end->verdict);
	w->places.v = grow(w->places.v, w->places.n, sizeof(*w->places.v));
	w->places.v[w->places.n++] = (struct place){ *end, at };
	return at;
}

static int ends_equal(const struct range *a, const struct range *b)
{
	return a->end.rule == b->end.rule && a->end.verdict == b->end.verdict;
}

static struct cell cell_best(const struct ranges *ranges, const struct cell *cells, size_t i,
			     size_t j)
{
	const struct range *v = ranges->v;
	size_t n = ranges->n;
	struct cell best = { .cost = UINT64_MAX };

	if (j == i + 2 && v[i + 2].first == v[i + 1].first + 1 && ends_equal(&v[i], &v[j]))
		return (struct cell){ .single = 1 };
	for (size_t k = i; k < j; k++) {
		uint64_t cost = cells[i * n + k].cost + cells[(k + 1) * n + j].cost;

		if (cost < best.cost)
			best = (struct cell){ .cost = cost, .split = k };
	}
	return best;
}

/*
 * cells[i * n + j]: the best search tree over ranges i .. j, by the classical recurrence: its cost
 * is the weight of them all, for the comparison at its root, and the costs of the two halves.
 */
static struct cell *tree_shape(const struct ranges *ranges)
{
	size_t n = ranges->n;
	struct cell *cells = calloc(n * n, sizeof(*cells));
	uint64_t *sums = calloc(n + 1, sizeof(*sums));

	if (cells == NULL || sums == NULL)
		abort();
	for (size_t i = 0; i < n; i++)
		sums[i + 1] = sums[i] + ranges->v[i].weight;
	for (size_t len = 2; len <= n; len++)
		for (size_t i = 0; i + len <= n; i++) {
			struct cell *cell = &cells[i * n + i + len - 1];

			*cell = cell_best(ranges, cells, i, i + len - 1);
			cell->cost += INSN_COST + sums[i + len] - sums[i];
		}
	free(sums);
	return cells;
}

static size_t emit_tree(struct writer *w, const struct ranges *ranges, const struct cell *cells,
			size_t i, size_t j)
{
	const struct cell *cell = &cells[i * ranges->n + j];
	size_t k = cell->split, low, high;

	if (i == j)
		return emit_end(w, &ranges->v[i].end, 2);
	if (cell->single) {
		high = emit_end(w, &ranges->v[i + 1].end, 3);
		low = emit_end(w, &ranges->v[i].end, 2);
		return emit_jump(w, BPF_JEQ, ranges->v[i + 1].first, high, low);
	}
	high = emit_tree(w, ranges, cells, k + 1, j);
	low = emit_tree(w, ranges, cells, i, k);
	return emit_jump(w, BPF_JGE, ranges->v[k + 1].first, high, low);
}

/* One architecture; for others control goes on at `next`. Returns its place, or -1. */
static ssize_t emit_arch(struct writer *w, uint32_t token, size_t next)
{
	struct ranges ranges = { 0 };
	struct cell *cells;
	size_t tree;

	if (tree_audit_arch(token) == 0)
		return -1;
	ranges_find(w, &ranges, token);
	cells = tree_shape(&ranges);
	emit_tree(w, &ranges, cells, 0, ranges.n - 1);
	tree = emit(w, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	free(cells);
	free(ranges.v);
	return (ssize_t)emit_jump(w, BPF_JEQ, tree_audit_arch(token), tree, next);
}

static void reverse(struct tree_filter *filter)
{
	for (size_t i = 0, j = filter->n - 1; i < j; i++, j--) {
		struct sock_filter insn = filter->v[i];

		filter->v[i] = filter->v[j];
		filter->v[j] = insn;
	}
}

int tree_compile(const struct profile *profile, const uint32_t *tokens, const uint64_t *caps,
		 struct tree_filter *ret_filter)
{
	struct writer w = { .profile = profile, .caps = caps };
	ssize_t at = (ssize_t)emit(&w, BPF_RET | BPF_K, profile->foreign);
	size_t n = 0;

	while (tokens[n] != 0)
		n++;
	while (n > 0 && at >= 0)
		at = emit_arch(&w, tokens[--n], (size_t)at);
	emit(&w, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	free(w.places.v);
	reverse(&w.code);
	*ret_filter = w.code;
	if (at < 0)
		tree_release(ret_filter);
	return at < 0 ? -1 : 0;
}
