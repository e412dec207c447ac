/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/err.h"

#include <unistd.h>

#include "base/alloc.h"
#include "unit.h"

static void recording(void **state)
{
	errno = ENOENT;
	assert_int_equal(fail("cannot open '%s'", "x"), -ENOENT);
	assert_string_equal(err_text(), "cannot open 'x': No such file or directory");
	hint("look for it");
	assert_string_equal(err_hint(), "look for it");
	assert_int_equal(fail_in(-ENOENT, "image '%s'", "y"), -ENOENT);
	assert_string_equal(err_text(), "image 'y': cannot open 'x': No such file or directory");
	assert_string_equal(err_hint(), "look for it");
	/* A new error has a hint of its own. */
	assert_int_equal(refuse("no"), -EINVAL);
	assert_string_equal(err_hint(), "");
	assert_int_equal(fail_with(-EPERM, "a"), -EPERM);
	assert_int_equal(fail_with(EPERM, "a"), -EPERM);
	errno = 0;
	assert_int_equal(fail("a"), -EIO);
	err_clear();
	assert_int_equal(fail_in(-EACCES, "b"), -EACCES);
	assert_string_equal(err_text(), "b: Permission denied");
	assert_int_equal(refuse_with(EBUSY, "c"), -EBUSY);
	assert_string_equal(err_text(), "c");
}

static void long_texts(void **state)
{
	char text[3 * ERR_TEXT_MAX];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	refuse("%s", text);
	assert_int_equal(strlen(err_text()), ERR_TEXT_MAX - 1);
	for (int i = 0; i < 3; i++)
		fail_in(-EINVAL, "%s", text);
	assert_int_equal(strlen(err_text()), ERR_TEXT_MAX - 1);
	fail_in(-EINVAL, "front");
	assert_memory_equal(err_text(), "front: x", 8);
	hint("%s", text);
	assert_int_equal(strlen(err_hint()), ERR_HINT_MAX - 1);
	/* The reason is there behind names of any length. */
	errno = ENAMETOOLONG;
	fail("cannot open '%s'", text);
	assert_non_null(strstr(err_text(), "xxx...: File name too long"));
	errno = ENAMETOOLONG;
	fail("cannot open it");
	fail_in(-ENAMETOOLONG, "'%s'", text);
	fail_in(-ENAMETOOLONG, "load");
	assert_memory_equal(err_text(), "load: 'xxx", 10);
	assert_non_null(strstr(err_text(), "xxx...: cannot open it: File name too long"));
	assert_true(strlen(err_text()) < ERR_TEXT_MAX);
}

static void printing(void **state)
{
	char text[256];
	ssize_t n;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	refuse("bad \x1b[31m'%s'", "a\nb");
	hint("do\nthis");
	err_print(ends[1]);
	n = read(ends[0], text, sizeof(text) - 1);
	assert_true(n > 0);
	text[n] = '\0';
	assert_string_equal(text, "berth: bad \\x1b[31m'a\\nb'\nberth: hint: do\\nthis\n");
	err_clear();
	err_print(ends[1]);
	close(ends[1]);
	assert_int_equal(read(ends[0], text, 1), 0);
	close(ends[0]);
}

static void setting(void **state)
{
	refuse("it is so");
	hint("fix");
	err_set("it is otherwise", err_hint());
	assert_string_equal(err_text(), "it is otherwise");
	assert_string_equal(err_hint(), "fix");
	err_set(err_text(), NULL);
	assert_string_equal(err_text(), "it is otherwise");
	assert_string_equal(err_hint(), "");
}

static void across_a_pipe(void **state)
{
	enum err_stage stage = STAGE_SETUP;
	int ends[2], code = 0;

	assert_int_equal(pipe(ends), 0);
	refuse("the child said so");
	hint("fix");
	assert_int_equal(err_send(ends[1], -ENOEXEC, STAGE_EXEC), 0);
	err_clear();
	assert_int_equal(err_receive(ends[0], &code, &stage), 1);
	assert_int_equal(code, -ENOEXEC);
	assert_int_equal(stage, STAGE_EXEC);
	assert_string_equal(err_text(), "the child said so");
	assert_string_equal(err_hint(), "fix");
	/* What a broken or hostile other side may write is never good news. */
	assert_int_equal(write(ends[1], "abc", 3), 3);
	assert_true(err_receive(ends[0], &code, &stage) < 0);
	{
		struct err_packet packet = { .code = 7, .stage = 99 };

		memset(packet.text, 'x', sizeof(packet.text));
		memset(packet.hint, 'y', sizeof(packet.hint));
		assert_int_equal(write(ends[1], &packet, sizeof(packet)), sizeof(packet));
		assert_int_equal(err_receive(ends[0], &code, &stage), 1);
		assert_int_equal(code, -EIO);
		assert_int_equal(stage, STAGE_SETUP);
		assert_int_equal(strlen(err_text()), ERR_TEXT_MAX - 1);
	}
	close(ends[1]);
	assert_int_equal(err_receive(ends[0], &code, &stage), 0);
	close(ends[0]);
}

/* What the cleaning up records, or clears, is not what is told. */
static void keeping(void **state)
{
	AUTO(err_kept) first = { 0 }, none = { 0 };

	err_clear();
	none = err_keep();
	refuse("the cause");
	hint("the fix");
	first = err_keep();
	refuse("what came after");
	err_restore(&first);
	assert_string_equal(err_text(), "the cause");
	assert_string_equal(err_hint(), "the fix");
	err_restore(&none);
	assert_string_equal(err_text(), "");
	assert_string_equal(err_hint(), "");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(recording),     cmocka_unit_test(long_texts),
		cmocka_unit_test(printing),      cmocka_unit_test(setting),
		cmocka_unit_test(across_a_pipe), cmocka_unit_test(keeping),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
