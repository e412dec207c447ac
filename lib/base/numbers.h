/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BASE_NUMBERS_H
#define BERTH_BASE_NUMBERS_H

#include <limits.h>
#include <stddef.h>

#include "base/bounds.h"

/* Sets of small numbers, of processors or memory nodes, as the kernel takes them: bit N is N. */

#define NUMBERS_WORD_BITS (sizeof(unsigned long) * CHAR_BIT)

struct numbers {
	unsigned long v[MAX_PROCESSORS / NUMBERS_WORD_BITS];
};

/* "0-3,7": numbers and ranges with commas between them, blanks around them and empty parts allowed,
 * as other runtimes take it. Returns how many numbers the set has. */
int numbers_parse(const char *text, struct numbers *ret_set);

#endif
