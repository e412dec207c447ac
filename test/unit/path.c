/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "unit.h"

/* dir/root is the container's root; dir/outside is what must never be reached or made. */
static char dir[] = "/tmp/berth-unit-path.XXXXXX";
static int top = -1, root = -1;

static void write_file(const char *path, const char *text)
{
	assert_int_equal(fs_replace_file(top, path, text, strlen(text), 0644, false), 0);
}

static int set_up(void **state)
{
	static const struct {
		const char *target, *path;
	} links[] = {
		{ "/", "root/abs-root" },
		{ "../../../..", "root/up" },
		{ "../../../../outside", "root/up-outside" },
		{ "/outside", "root/abs-outside" },
		{ "/proc/self/root", "root/magic" },
		{ "loop-b", "root/loop-a" },
		{ "loop-a", "root/loop-b" },
		{ "/made/by/link", "root/dangling" },
		{ "../run/systemd/resolve/stub-resolv.conf", "root/etc/resolv.conf" },
		{ "usr/lib", "root/lib" },
		{ "d2", "root/d1" },
		{ "/d3", "root/d2" },
		{ "../../../../../../made-outside", "root/dangling-up" },
	};

	if (mkdtemp(dir) == NULL)
		return -1;
	top = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(fs_mkdirs(top, "root/etc", 0755), 0);
	assert_int_equal(fs_mkdirs(top, "root/usr/lib", 0755), 0);
	assert_int_equal(fs_mkdirs(top, "outside", 0755), 0);
	write_file("outside/secret", "secret");
	write_file("root/etc/passwd", "inside");
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		assert_int_equal(symlinkat(links[i].target, top, links[i].path), 0);
	root = openat(top, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return root >= 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	close(root);
	close(top);
	return fs_remove_tree(AT_FDCWD, dir);
}

static void assert_reads(const char *path, const char *text)
{
	autoclose int fd = path_open_in_root(root, path, O_RDONLY, 0);
	AUTO(buf) out = BUF_INIT;

	assert_true(fd >= 0);
	assert_int_equal(fs_read_fd(fd, path, 100, &out), 0);
	assert_string_equal(out.data, text);
}

static void stays_inside(void **state)
{
	static const char *const to_passwd[] = {
		"/etc/passwd",          "etc/passwd",
		"//etc//passwd",        "../../etc/passwd",
		"/abs-root/etc/passwd", "up/etc/passwd",
		"/etc/../etc/passwd",   "/lib/../../etc/passwd",
	};
	static const struct {
		const char *path;
		int rc;
	} bad[] = {
		{ "up-outside/secret", -ENOENT },
		{ "abs-outside/secret", -ENOENT },
		{ "../outside/secret", -ENOENT },
		{ "/outside/secret", -ENOENT },
		{ "loop-a", -ELOOP },
		{ "etc/passwd/x", -ENOTDIR },
	};

	for (size_t i = 0; i < ARRAY_SIZE(to_passwd); i++)
		assert_reads(to_passwd[i], "inside");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(path_open_in_root(root, bad[i].path, O_RDONLY, 0), bad[i].rc);
		err_clear();
		assert_int_equal(path_try_open_in_root(root, bad[i].path, O_RDONLY), bad[i].rc);
		assert_string_equal(err_text(), "");
	}
}

/* With the real /proc inside the root, its links to other places must not work. */
static void magic_links(void **state)
{
	static const char *const bad[] = {
		"/proc/self/root/etc/passwd",
		"/proc/self/cwd/x",
		"/proc/self/exe",
		"/proc/self/fd/0",
	};
	autoclose int slash = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(path_try_open_in_root(slash, bad[i], O_RDONLY), -ELOOP);
}

static void makes_directories(void **state)
{
	static const struct {
		const char *path, *real;
	} rows[] = {
		{ "/a/b/c", "root/a/b/c" },
		{ "/a/b/c/", "root/a/b/c" },
		{ "lib/modules/x", "root/usr/lib/modules/x" },
		{ "dangling/more", "root/made/by/link/more" },
		{ "d1/x", "root/d3/x" },
		{ "../../esc/x", "root/esc/x" },
		{ "/up/esc2", "root/esc2" },
		{ "abs-outside/x", "root/outside/x" },
		{ "dangling-up/x", "root/made-outside/x" },
		{ "/", "root" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autoclose int fd =
			path_mkdirs_in_root(root, rows[i].path, 0750, (uid_t)-1, (gid_t)-1);
		struct stat st, real;

		assert_true(fd >= 0);
		assert_int_equal(fstat(fd, &st), 0);
		assert_int_equal(fstatat(top, rows[i].real, &real, AT_SYMLINK_NOFOLLOW), 0);
		assert_true(st.st_ino == real.st_ino);
	}
	assert_int_equal(fs_exists(top, "made-outside"), 0);
	assert_int_equal(fs_exists(top, "outside/x"), 0);
	assert_int_equal(path_mkdirs_in_root(root, "etc/passwd", 0755, -1U, -1U), -ENOTDIR);
	assert_int_equal(path_mkdirs_in_root(root, "etc/passwd/x", 0755, -1U, -1U), -ENOTDIR);
	assert_int_equal(path_mkdirs_in_root(root, "loop-a/x", 0755, -1U, -1U), -ELOOP);
}

static void mode_and_owner(void **state)
{
	mode_t mask = umask(077);
	autoclose int fd = path_mkdirs_in_root(root, "own/ed", 01777, geteuid() == 0 ? 7 : -1U,
					       geteuid() == 0 ? 8 : -1U);
	struct stat st;

	umask(mask);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 01777);
	if (geteuid() == 0) {
		assert_int_equal(st.st_uid, 7);
		assert_int_equal(st.st_gid, 8);
	}
}

static void parents(void **state)
{
	static const char *const bad[] = { "", "/", "/etc/", "/etc/.", "/etc/..", "..", "." };
	const char *name = NULL;
	autoclose int fd = path_open_parent_in_root(root, "/etc/passwd", false, &name);

	assert_true(fd >= 0);
	assert_string_equal(name, "passwd");
	assert_int_equal(fs_exists(fd, "passwd"), 1);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(path_open_parent_in_root(root, bad[i], true, &name), -EINVAL);
	assert_int_equal(path_open_parent_in_root(root, "/no/x", false, &name), -ENOENT);
	close(fd);
	fd = path_open_parent_in_root(root, "top", false, &name);
	assert_true(fd >= 0);
	assert_int_equal(fs_exists(fd, "etc"), 1);
}

static void mount_targets(void **state)
{
	static const struct {
		const char *path, *real;
		bool directory;
		int rc;
	} rows[] = {
		{ "/mnt/data", "root/mnt/data", true, 0 },
		{ "/mnt/file", "root/mnt/file", false, 0 },
		{ "/mnt/file", "root/mnt/file", false, 0 },
		{ "/mnt/file", NULL, true, -ENOTDIR },
		{ "/mnt/data", NULL, false, -EISDIR },
		{ "/mnt/data/", "root/mnt/data", true, 0 },
		{ "/", "root", true, 0 },
		/* The usual link of systemd-resolved, which leads nowhere in an image. */
		{ "/etc/resolv.conf", "root/run/systemd/resolve/stub-resolv.conf", false, 0 },
		{ "../../escape-file", "root/escape-file", false, 0 },
		{ "/up-outside/f", "root/outside/f", false, 0 },
		{ "/magic/f", NULL, false, -ELOOP },
		{ "/loop-a", NULL, false, -ELOOP },
		{ "/etc/passwd/x", NULL, false, -ENOTDIR },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int fd = path_mount_target(root, rows[i].path, rows[i].directory);
		struct stat st, real;

		if (rows[i].real == NULL) {
			if (rows[i].rc == -ELOOP)
				assert_true(fd == -ELOOP || fd >= 0);
			else
				assert_int_equal(fd, rows[i].rc);
			if (fd >= 0)
				close(fd);
			continue;
		}
		assert_true(fd >= 0);
		assert_int_equal(fstat(fd, &st), 0);
		assert_int_equal(fstatat(top, rows[i].real, &real, AT_SYMLINK_NOFOLLOW), 0);
		assert_true(st.st_ino == real.st_ino && st.st_dev == real.st_dev);
		close(fd);
	}
	assert_int_equal(fs_exists(top, "outside/f"), 0);
}

static void beneath(void **state)
{
	autoclose int fd = path_open_beneath(top, "outside/secret", O_RDONLY, 0);

	assert_true(fd >= 0);
	assert_int_equal(path_open_beneath(top, "root/lib", O_RDONLY, 0), -ELOOP);
	assert_int_equal(path_open_beneath(top, "root/lib/x", O_RDONLY, 0), -ELOOP);
	assert_int_equal(path_open_beneath(top, "../x", O_RDONLY, 0), -EXDEV);
	assert_int_equal(path_open_beneath(top, "/etc/passwd", O_RDONLY, 0), -EXDEV);
	assert_int_equal(path_open_beneath(AT_FDCWD, "none", O_RDONLY, 0), -ENOENT);
}

static void reopening(void **state)
{
	autoclose int file = path_open_in_root(root, "etc/passwd", O_PATH, 0);
	autoclose int link = path_open_in_root(root, "lib", O_PATH | O_NOFOLLOW, 0);
	autoclose int fd = path_reopen(file, O_RDONLY);
	autoclose int again = path_reopen(root, O_RDONLY | O_DIRECTORY);
	char byte;

	assert_int_equal(read(fd, &byte, 1), 1);
	assert_true(again >= 0);
	assert_int_equal(path_reopen(link, O_RDONLY), -EINVAL);
}

static void mounts(void **state)
{
	autoclose int proc = open("/proc", O_PATH | O_CLOEXEC);
	autoclose int outside = openat(top, "outside", O_PATH | O_CLOEXEC);

	assert_true(path_is_same_mount(root, outside));
	assert_false(path_is_same_mount(root, proc));
	assert_false(path_is_same_mount(root, -1));
}

static void lexical(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "/a//b/./c/../d", "/a/b/d" },
		{ "", "/" },
		{ "/", "/" },
		{ "..", "/" },
		{ "/../../x", "/x" },
		{ "a/b/../../..", "/" },
		{ "/a/..b/...", "/a/..b/..." },
		{ "/a/b/", "/a/b" },
	};
	static const struct {
		const char *inner, *outer;
		bool within;
	} pairs[] = {
		{ "/a", "/a", true },    { "/a/b", "/a", true }, { "/ab", "/a", false },
		{ "/a", "/a/b", false }, { "/a", "/", true },    { "/", "/", true },
		{ "/", "/a", false },
	};
	autofree char *joined = path_join("/a/", "b/c");
	autofree char *absolute = path_join("/a", "/b");
	autofree char *top_level = path_join("/", "b");

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autofree char *clean = path_clean(rows[i].in);

		assert_string_equal(clean, rows[i].out);
	}
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		assert_int_equal(path_is_within(pairs[i].inner, pairs[i].outer), pairs[i].within);
	assert_string_equal(joined, "/a/b/c");
	assert_string_equal(absolute, "/b");
	assert_string_equal(top_level, "/b");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(stays_inside),      cmocka_unit_test(magic_links),
		cmocka_unit_test(makes_directories), cmocka_unit_test(mode_and_owner),
		cmocka_unit_test(parents),           cmocka_unit_test(mount_targets),
		cmocka_unit_test(beneath),           cmocka_unit_test(reopening),
		cmocka_unit_test(lexical),           cmocka_unit_test(mounts),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
