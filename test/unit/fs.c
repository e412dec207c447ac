/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fs.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "unit.h"

static char dir[] = "/tmp/berth-unit-fs.XXXXXX";
static int top = -1;

static int set_up(void **state)
{
	if (mkdtemp(dir) == NULL)
		return -1;
	top = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return top >= 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	close(top);
	return fs_remove_tree(AT_FDCWD, dir);
}

static void put(const char *path)
{
	autoclose int fd = openat(top, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
}

/* Far deeper than PATH_MAX, than the number of descriptors, and than a recursion would like. */
static void deep_tree(void **state)
{
	struct rlimit before, few = { .rlim_cur = 64 };
	int fd = dup(top);
	uint64_t bytes = 0;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few.rlim_max = before.rlim_max;
	assert_int_equal(mkdirat(fd, "deep", 0755), 0);
	for (int i = 0; i < 5000; i++) {
		int next = openat(fd, i == 0 ? "deep" : "d", O_RDONLY | O_DIRECTORY);

		assert_true(next >= 0);
		close(fd);
		fd = next;
		assert_int_equal(mkdirat(fd, "d", 0755), 0);
		assert_int_equal(symlinkat("/", fd, "l"), 0);
	}
	close(fd);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_int_equal(fs_disk_usage(top, "deep", &bytes), 0);
	assert_int_equal(fs_remove_tree(top, "deep"), 0);
	assert_int_equal(fs_exists(top, "deep"), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static void wide_tree(void **state)
{
	char name[64];

	assert_int_equal(mkdirat(top, "wide", 0755), 0);
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "wide/%d/a/b", i);
		assert_int_equal(fs_mkdirs(top, name, 0755), 0);
		snprintf(name, sizeof(name), "wide/%d/a/f", i);
		put(name);
		snprintf(name, sizeof(name), "wide/f%d", i);
		put(name);
	}
	assert_int_equal(fs_remove_tree(top, "wide"), 0);
	assert_int_equal(fs_exists(top, "wide"), 0);
}

static void links_are_not_followed(void **state)
{
	assert_int_equal(fs_mkdirs(top, "keep/sub", 0755), 0);
	put("keep/file");
	assert_int_equal(fs_mkdirs(top, "rm/x", 0755), 0);
	assert_int_equal(symlinkat("../keep", top, "rm/dir"), 0);
	assert_int_equal(symlinkat("../../keep/file", top, "rm/x/file"), 0);
	assert_int_equal(symlinkat("rm", top, "link"), 0);
	assert_int_equal(fs_remove_tree(top, "link"), 0);
	assert_int_equal(fs_exists(top, "rm/x"), 1);
	assert_int_equal(fs_remove_tree(top, "rm"), 0);
	assert_int_equal(fs_exists(top, "keep/file"), 1);
	assert_int_equal(fs_exists(top, "keep/sub"), 1);
	assert_int_equal(fs_remove_tree(top, "keep"), 0);
	assert_int_equal(fs_remove_tree(top, "keep"), 0);
	assert_int_equal(fs_remove_tree(top, "keep/below"), 0);
}

/* An ordinary user's own directories that he closed to himself. */
static void closed_directories(void **state)
{
	assert_int_equal(fs_mkdirs(top, "closed/a/b", 0755), 0);
	put("closed/a/b/f");
	assert_int_equal(fchmodat(top, "closed/a/b", 0, 0), 0);
	assert_int_equal(fchmodat(top, "closed/a", 0500, 0), 0);
	assert_int_equal(fchmodat(top, "closed", 0, 0), 0);
	if (geteuid() == 0) {
		assert_int_equal(fchownat(top, "closed", 65534, 65534, 0), 0);
		assert_int_equal(fchownat(top, ".", 65534, 65534, 0), 0);
		assert_int_equal(seteuid(65534), 0);
	}
	if (geteuid() == 65534)
		assert_int_equal(openat(top, "closed", O_RDONLY), -1);
	if (geteuid() == 65534) {
		/* The inner ones still belong to root: the error names the tree. */
		assert_true(fs_remove_tree(top, "closed") < 0);
		assert_non_null(strstr(err_text(), "closed"));
		assert_int_equal(seteuid(0), 0);
	}
	assert_int_equal(fs_remove_tree(top, "closed"), 0);
	assert_int_equal(fs_exists(top, "closed"), 0);
}

static void mounts_stay(void **state)
{
	autofree char *point = xasprintf("%s/m/point", dir);
	autofree char *source = xasprintf("%s/source", dir);
	static char bytes[1 << 20];
	uint64_t size = 0;
	int measured, removed;

	assert_int_equal(fs_mkdirs(top, "m/point", 0755), 0);
	assert_int_equal(fs_mkdirs(top, "source/inner", 0755), 0);
	put("source/file");
	memset(bytes, 'x', sizeof(bytes));
	assert_int_equal(fs_replace_file(top, "source/large", bytes, sizeof(bytes), 0644, false),
			 0);
	/* The same file system: only the mount tells. */
	if (mount(source, point, NULL, MS_BIND, NULL) < 0)
		skip();
	measured = fs_disk_usage(top, "m", &size);
	removed = fs_remove_tree(top, "m");
	/* Before anything can end the test. */
	assert_int_equal(umount2(point, MNT_DETACH), 0);
	assert_int_equal(measured, 0);
	assert_true(size < sizeof(bytes));
	assert_int_equal(removed, -EBUSY);
	assert_int_equal(fs_exists(top, "source/file"), 1);
	assert_int_equal(fs_disk_usage(top, "source", &size), 0);
	assert_true(size >= sizeof(bytes));
	assert_int_equal(fs_remove_tree(top, "m"), 0);
	assert_int_equal(fs_remove_tree(top, "source"), 0);
}

/* The store is below a mount more often than not: /run and /home are. */
static void paths_may_lead_through_mounts(void **state)
{
	autofree char *point = xasprintf("%s/p", dir);
	autofree char *tree = xasprintf("%s/p/tree", dir);
	uint64_t size = 0;
	int made, measured, owned, removed, left, whole;

	assert_int_equal(fs_mkdirs(top, "p", 0755), 0);
	if (mount("none", point, "tmpfs", 0, NULL) < 0)
		skip();
	made = fs_mkdirs(top, "p/tree/inner", 0755);
	if (made >= 0)
		made = fs_replace_file(top, "p/tree/inner/file", "text", 4, 0644, false);
	measured = fs_disk_usage(AT_FDCWD, tree, &size);
	owned = fs_own_tree(AT_FDCWD, tree, getuid(), getgid());
	removed = fs_remove_tree(AT_FDCWD, tree);
	left = fs_exists(top, "p/tree");
	whole = fs_remove_tree(AT_FDCWD, point);
	/* Before anything can end the test. */
	assert_int_equal(umount2(point, MNT_DETACH), 0);
	assert_int_equal(made, 0);
	assert_int_equal(measured, 0);
	assert_true(size > 0);
	assert_int_equal(owned, 0);
	assert_int_equal(removed, 0);
	assert_int_equal(left, 0);
	/* A mount point is not removed. */
	assert_int_equal(whole, -EBUSY);
	assert_int_equal(fs_remove_tree(top, "p"), 0);
}

static void a_file_with_two_names_counts_once(void **state)
{
	static char bytes[1 << 20];
	uint64_t size = 0;

	memset(bytes, 'x', sizeof(bytes));
	assert_int_equal(fs_mkdirs(top, "h/sub", 0755), 0);
	assert_int_equal(fs_replace_file(top, "h/one", bytes, sizeof(bytes), 0644, false), 0);
	assert_int_equal(linkat(top, "h/one", top, "h/sub/two", 0), 0);
	assert_int_equal(fs_disk_usage(top, "h", &size), 0);
	assert_true(size >= sizeof(bytes) && size < 2 * sizeof(bytes));
	assert_int_equal(fs_remove_tree(top, "h"), 0);
}

static void limits_of_reading(void **state)
{
	AUTO(buf) out = BUF_INIT;

	assert_int_equal(fs_replace_file(top, "r", "0123456789", 10, 0640, false), 0);
	buf_add_str(&out, "before:");
	assert_int_equal(fs_read_file(top, "r", 10, &out), 0);
	assert_string_equal(out.data, "before:0123456789");
	buf_clear(&out);
	assert_int_equal(fs_read_file(top, "r", 9, &out), -EFBIG);
	assert_int_equal(fs_read_file(AT_FDCWD, "/dev/zero", 100000, &out), -EFBIG);
	assert_int_equal(fs_read_file(top, "none", 10, &out), -ENOENT);
	assert_true(fs_read_file(top, ".", 10, &out) < 0);
}

static void replacing(void **state)
{
	AUTO(buf) out = BUF_INIT;
	struct stat st;
	mode_t mask = umask(077);

	assert_int_equal(fs_mkdirs(top, "rep", 0755), 0);
	assert_int_equal(fs_replace_file(top, "rep/f", "old", 3, 0644, true), 0);
	assert_int_equal(fs_replace_file(top, "rep/f", "new one", 7, 0644, true), 0);
	umask(mask);
	assert_int_equal(fs_read_file(top, "rep/f", 100, &out), 0);
	assert_string_equal(out.data, "new one");
	assert_int_equal(fstatat(top, "rep/f", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	/* A failure leaves nothing behind. */
	assert_int_equal(mkdirat(top, "rep/d", 0755), 0);
	put("rep/d/x");
	assert_true(fs_replace_file(top, "rep/d", "x", 1, 0644, false) < 0);
	assert_int_equal(unlinkat(top, "rep/d/x", 0), 0);
	assert_int_equal(unlinkat(top, "rep/d", AT_REMOVEDIR), 0);
	assert_int_equal(unlinkat(top, "rep/f", 0), 0);
	assert_int_equal(unlinkat(top, "rep", AT_REMOVEDIR), 0);
}

static void directories(void **state)
{
	autoclose int fd = -1;
	autofree char *absolute = xasprintf("%s/abs/a/b", dir);

	assert_int_equal(fs_mkdirs(top, "p/q/r/", 0755), 0);
	assert_int_equal(fs_mkdirs(top, "p/q/r", 0755), 0);
	assert_int_equal(fs_exists(top, "p/q/r"), 1);
	assert_int_equal(fs_mkdirs(AT_FDCWD, absolute, 0755), 0);
	put("p/file");
	assert_int_equal(fs_mkdirs(top, "p/file", 0755), -ENOTDIR);
	assert_int_equal(fs_mkdirs(top, "p/file/x", 0755), -ENOTDIR);
	fd = fs_mkdirs_open(top, "p/new/one", 0755);
	assert_true(fd >= 0);
	assert_int_equal(fs_sync_dir(fd), 0);
	assert_int_equal(symlinkat("nowhere", top, "p/dangling"), 0);
	assert_int_equal(fs_exists(top, "p/dangling"), 1);
	assert_int_equal(fs_exists(top, "p/file/below"), 0);
}

static void random_names(void **state)
{
	char a[129], b[129];

	assert_int_equal(fs_random_hex(a, 64), 0);
	assert_int_equal(fs_random_hex(b, 64), 0);
	assert_int_equal(strlen(a), 128);
	assert_int_equal(strspn(a, "0123456789abcdef"), 128);
	assert_string_not_equal(a, b);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(deep_tree),
		cmocka_unit_test(wide_tree),
		cmocka_unit_test(links_are_not_followed),
		cmocka_unit_test(closed_directories),
		cmocka_unit_test(a_file_with_two_names_counts_once),
		cmocka_unit_test(mounts_stay),
		cmocka_unit_test(paths_may_lead_through_mounts),
		cmocka_unit_test(limits_of_reading),
		cmocka_unit_test(replacing),
		cmocka_unit_test(directories),
		cmocka_unit_test(random_names),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
