/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/numbers.h"

#include <stdbool.h>

#include "base/err.h"

static const char *skip_blanks(const char *at)
{
	while (*at == ' ')
		at++;
	return at;
}

/* Digits at *at, which moves behind them and the blanks that follow. */
static bool take_number(const char **at, unsigned long *ret_number)
{
	unsigned long number = 0;
	const char *from = *at;

	for (; **at >= '0' && **at <= '9'; (*at)++) {
		number = number * 10 + (unsigned long)(**at - '0');
		if (number >= MAX_PROCESSORS)
			return false;
	}
	if (*at == from)
		return false;
	*at = skip_blanks(*at);
	*ret_number = number;
	return true;
}

static bool take_range(const char **at, struct numbers *set)
{
	unsigned long first, last;

	if (!take_number(at, &first))
		return false;
	last = first;
	if (**at == '-') {
		*at = skip_blanks(*at + 1);
		if (!take_number(at, &last) || last < first)
			return false;
	}
	for (unsigned long number = first; number <= last; number++)
		set->v[number / NUMBERS_WORD_BITS] |= 1UL << number % NUMBERS_WORD_BITS;
	return true;
}

int numbers_parse(const char *text, struct numbers *ret_set)
{
	struct numbers set = { 0 };
	const char *at = skip_blanks(text);
	int count = 0;

	while (*at != '\0') {
		if (*at != ',' && !take_range(&at, &set))
			return refuse("'%s' is no list of numbers below %d, like '0-3,7'", text,
				      MAX_PROCESSORS);
		if (*at != '\0' && *at != ',')
			return refuse("'%s' is no list of numbers, like '0-3,7'", text);
		if (*at == ',')
			at = skip_blanks(at + 1);
	}
	for (size_t i = 0; i < sizeof(set.v) / sizeof(set.v[0]); i++)
		count += __builtin_popcountl(set.v[i]);
	*ret_set = set;
	return count;
}
