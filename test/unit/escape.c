/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/escape.h"

#include "unit.h"

static void table(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "", "" },
		{ "plain, {with} 'quotes' and \\", "plain, {with} 'quotes' and \\" },
		{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80" },
		{ "a\nb", "a\\nb" },
		{ "a\rb\tc", "a\\x0db\\x09c" },
		{ "\x1b[31mred\x1b]0;title\x07", "\\x1b[31mred\\x1b]0;title\\x07" },
		{ "\x7f", "\\x7f" },
		{ "\xc2\x9b", "\\xc2\\x9b" },          /* C1: CSI */
		{ "\xe2\x80\xae", "\\xe2\\x80\\xae" }, /* right-to-left override */
		{ "\xe2\x81\xa6", "\\xe2\\x81\\xa6" }, /* isolate */
		{ "\xe2\x80\x8b", "\\xe2\\x80\\x8b" }, /* zero width space */
		{ "\xef\xbb\xbf", "\\xef\\xbb\\xbf" }, /* byte order mark */
		{ "\xff", "\\xff" },
		{ "\xc0\xaf", "\\xc0\\xaf" },                   /* overlong */
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },          /* surrogate */
		{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" }, /* above U+10FFFF */
		{ "\xe2\x82", "\\xe2\\x82" },                   /* cut off */
		{ "\x80z", "\\x80z" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		AUTO(buf) out = BUF_INIT;

		escape_text(&out, rows[i].in);
		assert_string_equal(out.data, rows[i].out);
	}
}

static void bytes_with_nul(void **state)
{
	AUTO(buf) out = BUF_INIT;

	escape_bytes(&out, "a\0b", 3);
	assert_string_equal(out.data, "a\\x00b");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(bytes_with_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
