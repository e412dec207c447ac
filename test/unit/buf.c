/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/buf.h"

#include <stdlib.h>

#include "unit.h"

static void empty(void **state)
{
	struct buf b = BUF_INIT;
	char *text;

	assert_string_equal(b.data, "");
	buf_add(&b, NULL, 0);
	buf_clear(&b);
	buf_truncate(&b, 0);
	assert_string_equal(b.data, "");
	text = buf_steal(&b);
	assert_string_equal(text, "");
	free(text);
	buf_release(&b);
	buf_release(&b);
	/* The constant that all empty ones share must have stayed empty. */
	assert_int_equal(buf_empty[0], '\0');
}

static void grows(void **state)
{
	AUTO(buf) b = BUF_INIT;

	for (int i = 0; i < 100000; i++)
		buf_add_char(&b, (char)('a' + i % 26));
	assert_int_equal(b.len, 100000);
	assert_int_equal(strlen(b.data), 100000);
	for (int i = 0; i < 100000; i++)
		assert_int_equal(b.data[i], 'a' + i % 26);
	buf_truncate(&b, 3);
	assert_string_equal(b.data, "abc");
	buf_add(&b, "x\0y", 3);
	assert_int_equal(b.len, 6);
	assert_memory_equal(b.data, "abcx\0y", 7);
}

static void formats(void **state)
{
	AUTO(buf) b = BUF_INIT;
	char *text;

	buf_addf(&b, "%s-%d", "a", 7);
	buf_addf(&b, "%*s", 300, "");
	assert_int_equal(b.len, 303);
	text = buf_steal(&b);
	assert_int_equal(strlen(text), 303);
	free(text);
	assert_int_equal(b.len, 0);
	assert_string_equal(b.data, "");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty),
		cmocka_unit_test(grows),
		cmocka_unit_test(formats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
