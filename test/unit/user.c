/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/user.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "unit.h"

static char dir[] = "/tmp/berth-unit-user.XXXXXX";
static int top = -1, root = -1;

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
			     "# a comment: u:x:5:5::/:/bin/sh\n"
			     "\n"
			     "short:x:7\n"
			     "u:x:1000:1000:U:/home/u:/bin/sh\n"
			     "u:x:0:0:again:/root:/bin/sh\n"
			     "4294967296:x:0:0:name:/root:/bin/sh\n"
			     "2000:x:0:0:name:/root:/bin/sh\n"
			     "big:x:4294967296:0::/:/bin/sh\n"
			     "minus:x:-1:0::/:/bin/sh\n"
			     "hex:x:0x10:0::/:/bin/sh\n"
			     "relative:x:1001:1001::home:/bin/sh\n"
			     "last:x:1002:1002::/home/last:/bin/sh";
static const char group[] = "root:x:0:\n"
			    "ten:x:10:u\n"
			    "twenty:x:20:x,u,y\n"
			    "prefix:x:30:uu,xu\n"
			    "bad:x:99999999999:u\n"
			    "u:x:1000:\n";

static void put(const char *name, const char *text)
{
	assert_int_equal(fs_remove_tree(root, name), 0);
	assert_int_equal(fs_replace_file(root, name, text, strlen(text), 0644, false), 0);
}

static int set_up(void **state)
{
	if (mkdtemp(dir) == NULL)
		return -1;
	top = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(fs_mkdirs(top, "root/etc", 0755), 0);
	assert_int_equal(fs_mkdirs(top, "outside", 0755), 0);
	root = openat(top, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return root >= 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	close(root);
	close(top);
	return fs_remove_tree(AT_FDCWD, dir);
}

static int put_files(void **state)
{
	put("etc/passwd", passwd);
	put("etc/group", group);
	return 0;
}

static int resolve(const char *text, struct user *user)
{
	const struct spec_user spec = { .text = (char *)text };

	*user = (struct user){ 0 };
	return user_resolve(root, &spec, true, user);
}

/* What --user gives: "uid gid groups home", or "refused". */
static char *describe(const char *text)
{
	AUTO(user) user = { 0 };
	AUTO(buf) out = BUF_INIT;

	if (resolve(text, &user) < 0) {
		assert_string_not_equal(err_text(), "");
		return xstrdup("refused");
	}
	buf_addf(&out, "%u %u", user.uid, user.gid);
	for (size_t i = 0; i < user.n_groups; i++)
		buf_addf(&out, "%c%u", i == 0 ? ' ' : ',', user.groups[i]);
	buf_addf(&out, " %s", user.home);
	return buf_steal(&out);
}

static void every_form_is_exact_or_refused(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "root", "0 0 0 /root" },
		{ "u", "1000 1000 1000,10,20 /home/u" },
		{ "1000", "1000 1000 1000,10,20 /home/u" },
		{ "u:ten", "1000 10 10 /home/u" },
		{ "u:20", "1000 20 20 /home/u" },
		{ "1000:1000", "1000 1000 1000 /home/u" },
		{ "last", "1002 1002 1002 /home/last" },
		{ "relative", "1001 1001 1001 /" },
		{ "1", "1 0 0 /" },
		{ "1:2", "1 2 2 /" },
		{ "007", "7 0 0 /" },
		{ "2000", "2000 0 0 /" },
		{ "2147483648", "2147483648 0 0 /" },
		{ "4294967294", "4294967294 0 0 /" },
		{ "0:4294967294", "0 4294967294 4294967294 /root" },
		{ "4294967295", "refused" },
		{ "4294967296", "refused" },
		{ "18446744073709551616", "refused" },
		{ "9999999999999999999999999999999999999999", "refused" },
		{ "0:4294967295", "refused" },
		{ "0:99999999999999999999", "refused" },
		{ "", "refused" },
		{ ":", "refused" },
		{ "1:", "refused" },
		{ ":1", "refused" },
		{ "1:2:3", "refused" },
		{ " 1", "refused" },
		{ "+1", "refused" },
		{ "-1", "refused" },
		{ "0x1", "refused" },
		{ "1e3", "refused" },
		{ "root\n", "refused" },
		{ "short", "refused" },
		{ "big", "refused" },
		{ "minus", "refused" },
		{ "hex", "refused" },
		{ "nobody", "refused" },
		{ "u:nogroup", "refused" },
		{ "u:bad", "refused" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autofree char *got = describe(rows[i].text);

		if (strcmp(got, rows[i].want) != 0)
			fail_msg("'%s' is '%s' and should be '%s'", rows[i].text, got,
				 rows[i].want);
	}
}

static void groups_are_added(void **state)
{
	struct spec_user spec = { .text = (char *)"u" };
	AUTO(user) user = { 0 };

	strvec_push(&spec.groups, "root");
	strvec_push(&spec.groups, "77");
	strvec_push(&spec.groups, "10");
	assert_int_equal(user_resolve(root, &spec, true, &user), 0);
	assert_int_equal(user.n_groups, 5);
	assert_int_equal(user.groups[3], 0);
	assert_int_equal(user.groups[4], 77);
	strvec_push(&spec.groups, "nope");
	assert_true(user_resolve(root, &spec, true, &user) < 0);
	strvec_release(&spec.groups);
}

/* What a bundle says: the group is none of the supplementary ones unless it is listed. */
static void groups_may_be_all(void **state)
{
	struct spec_user spec = { .uid = 1000, .gid = 1000, .groups_given = true };
	AUTO(user) user = { 0 };
	AUTO(user) more = { 0 };

	assert_int_equal(user_resolve(root, &spec, true, &user), 0);
	assert_int_equal(user.n_groups, 0);
	strvec_push(&spec.groups, "77");
	assert_int_equal(user_resolve(root, &spec, true, &more), 0);
	assert_int_equal(more.n_groups, 1);
	assert_int_equal(more.groups[0], 77);
	strvec_release(&spec.groups);
}

static void a_root_without_files_knows_numbers(void **state)
{
	autofree char *number = NULL, *name = NULL;

	assert_int_equal(fs_remove_tree(root, "etc/passwd"), 0);
	assert_int_equal(fs_remove_tree(root, "etc/group"), 0);
	number = describe("12:34");
	assert_string_equal(number, "12 34 34 /");
	name = describe("root");
	assert_string_equal(name, "refused");
}

/* Each in place of passwd: refused at once, or read as if it were empty; never outside the root. */
static void check_hostile(const char *what)
{
	struct timespec start, end;
	struct rusage before, after;
	AUTO(user) user = { 0 };
	int rc;

	assert_int_equal(getrusage(RUSAGE_SELF, &before), 0);
	clock_gettime(CLOCK_MONOTONIC, &start);
	rc = resolve("u", &user);
	clock_gettime(CLOCK_MONOTONIC, &end);
	assert_int_equal(getrusage(RUSAGE_SELF, &after), 0);
	if (rc >= 0)
		fail_msg("%s was taken for a list of users", what);
	if (end.tv_sec - start.tv_sec > 1)
		fail_msg("%s took %ld seconds", what, (long)(end.tv_sec - start.tv_sec));
	if (after.ru_maxrss - before.ru_maxrss > 32L << 10)
		fail_msg("%s took %ld KiB", what, after.ru_maxrss - before.ru_maxrss);
}

static void files_that_are_none_are_refused(void **state)
{
	put("../outside/passwd", "u:x:0:0::/:/bin/sh\n");
	assert_int_equal(fs_remove_tree(root, "etc/passwd"), 0);
	assert_int_equal(mkfifoat(root, "etc/passwd", 0644), 0);
	check_hostile("a FIFO");
	assert_int_equal(fs_remove_tree(root, "etc/passwd"), 0);
	assert_int_equal(symlinkat("../../outside/passwd", root, "etc/passwd"), 0);
	check_hostile("a link out of the root");
	assert_int_equal(fs_remove_tree(root, "etc/passwd"), 0);
	assert_int_equal(symlinkat("/etc/passwd", root, "etc/passwd"), 0);
	check_hostile("a link to itself");
	assert_int_equal(fs_remove_tree(root, "etc/passwd"), 0);
	assert_int_equal(symlinkat("/proc/self/fd/0", root, "etc/passwd"), 0);
	check_hostile("a magic link");
	assert_int_equal(fs_remove_tree(root, "etc/passwd"), 0);
	assert_int_equal(mkdirat(root, "etc/passwd", 0755), 0);
	check_hostile("a directory");
	assert_int_equal(fs_remove_tree(root, "etc/passwd"), 0);
	if (geteuid() == 0 && mknodat(root, "etc/passwd", S_IFCHR | 0666, 0x105) == 0)
		check_hostile("the zero device");
}

static void large_files_are_refused(void **state)
{
	autofree char *line = xcalloc(MAX_PASSWD_LINE + 64, 1);
	int fd;

	put("etc/passwd", "");
	fd = openat(root, "etc/passwd", O_WRONLY | O_CLOEXEC);
	assert_int_equal(ftruncate(fd, 10LL << 30), 0);
	check_hostile("a sparse file of 10 GiB");
	assert_int_equal(ftruncate(fd, (off_t)MAX_PASSWD), 0);
	check_hostile("10 MiB of NULs");
	close(fd);
	/* One line that is too long, and after it one that is fine. */
	memset(line, 'x', MAX_PASSWD_LINE + 1);
	memcpy(line, "u:x:0:0:", 8);
	memcpy(line + MAX_PASSWD_LINE - 16, ":/root:/bin/sh", 14);
	put("etc/passwd", line);
	check_hostile("an endless line");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_form_is_exact_or_refused, put_files),
		cmocka_unit_test_setup(groups_are_added, put_files),
		cmocka_unit_test_setup(groups_may_be_all, put_files),
		cmocka_unit_test_setup(a_root_without_files_knows_numbers, put_files),
		cmocka_unit_test_setup(files_that_are_none_are_refused, put_files),
		cmocka_unit_test_setup(large_files_are_refused, put_files),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
