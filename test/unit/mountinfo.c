/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/mountinfo.h"

#include "base/alloc.h"
#include "unit.h"

static void check(const char *text, const char *const *want)
{
	autofree char *copy = xstrdup(text);
	AUTO(mountinfo) info = { 0 };
	size_t n = 0;

	assert_int_equal(mountinfo_parse(copy, &info), 0);
	for (; want[2 * n] != NULL; n++) {
		assert_true(n < info.n);
		assert_string_equal(info.v[n].path, want[2 * n]);
		assert_string_equal(info.v[n].type, want[2 * n + 1]);
	}
	assert_int_equal(info.n, n);
}

static void what_is_above_comes_first(void **state)
{
	const char *want[] = { "/", "ext4", "/home", "xfs", "/home/a", "tmpfs", NULL };

	check("3 1 0:3 / /home/a rw - tmpfs tmpfs rw\n"
	      "1 0 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
	      "2 1 8:2 / /home rw shared:2 master:3 - xfs /dev/sda2 rw\n",
	      want);
}

static void the_later_of_one_place_lies_on_top(void **state)
{
	const char *want[] = { "/", "ext4", "/proc", "tmpfs", NULL };

	check("2 1 0:2 / /proc rw - proc proc rw\n"
	      "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
	      "3 2 0:4 / /proc rw - autofs systemd rw\n"
	      "4 3 0:5 / /proc rw - tmpfs none rw\n",
	      want);
}

static void blanks_are_octal(void **state)
{
	const char *want[] = { "/a b\tc\\d\ne", "fuse.x", "/x\\9", "ext4", NULL };

	check("1 0 0:1 / /a\\040b\\011c\\134d\\012e rw - fuse.x a\\040b rw\n"
	      "2 0 0:1 / /x\\9 rw - ext4 y rw\n",
	      want);
}

static void lines_that_are_none_are_passed_over(void **state)
{
	const char *want[] = { "/", "ext4", NULL };

	check("\n \n - \n1 0 0:1\n1 0 0:1 / relative rw - ext4 x rw\n - ext4 / rw\n"
	      "1 0 8:1 / / rw - ext4 /dev/sda1 rw",
	      want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_above_comes_first),
		cmocka_unit_test(the_later_of_one_place_lies_on_top),
		cmocka_unit_test(blanks_are_octal),
		cmocka_unit_test(lines_that_are_none_are_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
