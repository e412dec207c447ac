/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/numbers.h"

#include "base/err.h"
#include "unit.h"

static void lists_are_sets(void **state)
{
	static const struct {
		const char *text;
		int count;
		unsigned long first; /* the first word */
	} rows[] = {
		{ "", 0, 0 },
		{ " , ,", 0, 0 },
		{ "0", 1, 1 },
		{ "0-3,7", 5, 0x8f },
		{ " 1 - 2 , 2,, 63 ", 3, 6 | 1UL << 63 },
		{ "8191", 1, 0 },
		{ "0-8191", 8192, ~0UL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct numbers set;

		assert_int_equal(numbers_parse(rows[i].text, &set), rows[i].count);
		assert_true(set.v[0] == rows[i].first);
	}
}

static void others_are_refused(void **state)
{
	static const char *const texts[] = { "8192", "1-8192", "3-2", "-1",
					     "1-",   "x",      "1x",  "1 2",
					     "0x1",  "1;2",    "+1",  "99999999999999999999" };
	struct numbers set = { { 42 } };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (numbers_parse(texts[i], &set) != -EINVAL)
			fail_msg("'%s' was taken", texts[i]);
	assert_int_equal(set.v[0], 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_sets),
		cmocka_unit_test(others_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
