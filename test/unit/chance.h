/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_TEST_CHANCE_H
#define BERTH_TEST_CHANCE_H

#include <stdlib.h>

#include "base/buf.h"
#include "unit.h"

/*
 * Texts by chance, which get further than bytes by chance: some tokens of a language one after the
 * other, now and then with a byte of them changed. The same ones at each run, unless
 * BERTH_CHANCE_SEED says otherwise; BERTH_CHANCE_ROUNDS is how many of them there are.
 */
struct chance {
	uint64_t state;
	unsigned long rounds;
};

static inline struct chance chance_begin(unsigned long rounds)
{
	const char *seed = getenv("BERTH_CHANCE_SEED"), *wanted = getenv("BERTH_CHANCE_ROUNDS");

	return (struct chance){
		.state = seed != NULL ? strtoull(seed, NULL, 10) : 1,
		.rounds = wanted != NULL ? strtoul(wanted, NULL, 10) : rounds,
	};
}

/* Below n. */
static inline size_t chance_below(struct chance *chance, size_t n)
{
	chance->state =
		chance->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (size_t)(chance->state >> 33) % n;
}

static inline void chance_text(struct chance *chance, const char *const *tokens, size_t n,
			       struct buf *out)
{
	buf_truncate(out, 0);
	for (size_t i = 1 + chance_below(chance, 12); i-- > 0;)
		buf_add_str(out, tokens[chance_below(chance, n)]);
	if (out->len > 0 && chance_below(chance, 8) == 0)
		out->data[chance_below(chance, out->len)] = (char)(1 + chance_below(chance, 255));
}

#endif
