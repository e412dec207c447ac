/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/idmap.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "unit.h"

static void translation(void **state)
{
	struct idmap map = { 0 };

	idmap_add(&map, 0, 1000, 1);
	idmap_add(&map, 1, 100000, 65536);
	idmap_add(&map, 4294967294, 4294967294, 1);
	assert_int_equal(idmap_to_outside(&map, 0), 1000);
	assert_int_equal(idmap_to_outside(&map, 1), 100000);
	assert_int_equal(idmap_to_outside(&map, 65536), 165535);
	assert_int_equal(idmap_to_outside(&map, 65537), -1);
	assert_true(idmap_to_outside(&map, 4294967294) == 4294967294);
	assert_int_equal(idmap_to_outside(&map, 4294967295), -1);
	assert_int_equal(idmap_to_inside(&map, 1000), 0);
	assert_int_equal(idmap_to_inside(&map, 999), -1);
	assert_int_equal(idmap_to_inside(&map, 165535), 65536);
	assert_int_equal(idmap_to_inside(&map, 165536), -1);
	assert_true(idmap_to_inside(&map, 4294967294) == 4294967294);
	idmap_release(&map);
	assert_int_equal(idmap_to_outside(&map, 0), -1);
}

static void subid_files(void **state)
{
	static const char text[] = "# a comment\n"
				   "alice:100000:65536\n"
				   "bob:200000:65536\n"
				   "1001:300000:10\n"
				   "alice:4294967290:10\n" /* beyond the last id */
				   "alice:4294967290:5\n"
				   "alice:-1:5\n"
				   "alice:4294967296:1\n"
				   "alice:18446744073709551616:1\n"
				   "alice:5:0\n"
				   "alice:5:\n"
				   "alice:5\n"
				   "alice\n"
				   "\n"
				   ":::\n"
				   "alicex:1:1\n"
				   "alice:7:7:7\n"
				   "1001:400000:20";
	char path[] = "/tmp/berth-unit-subid.XXXXXX";
	autoclose int fd = mkstemp(path);
	struct idmap found = { 0 };

	assert_int_equal(fs_write_all(fd, text, sizeof(text) - 1, path), 0);
	assert_int_equal(idmap_read_subids(path, "alice", 1001, &found), 4);
	assert_int_equal(found.n, 4);
	assert_int_equal(found.v[0].outside, 100000);
	assert_int_equal(found.v[0].count, 65536);
	assert_int_equal(found.v[1].outside, 300000);
	assert_true(found.v[2].outside == 4294967290 && found.v[2].count == 5);
	assert_int_equal(found.v[3].outside, 400000);
	idmap_release(&found);
	assert_int_equal(idmap_read_subids(path, NULL, 4711, &found), 0);
	unlink(path);
	assert_int_equal(idmap_read_subids(path, "alice", 1001, &found), 0);
}

static int say_ids(void *arg)
{
	int *answer = arg;

	if (getpid() == *answer)
		return refuse("this is not a child");
	return getuid() == 0 && getgid() == 0 ? 42 : 1;
}

static int complain(void *arg)
{
	refuse("complaint about '%s'", (const char *)arg);
	hint("a hint");
	return -ENXIO;
}

static void running(void **state)
{
	struct idmaps maps = { 0 };
	int self = getpid();
	int rc;

	if (geteuid() == 0)
		assert_int_equal(idmap_run(&maps, say_ids, &self), 42);
	idmap_add(&maps.uid, 0, geteuid(), 1);
	idmap_add(&maps.gid, 0, getegid(), 1);
	rc = idmap_run(&maps, say_ids, &self);
	if (rc < 0 && idmap_check_userns() < 0)
		skip();
	assert_int_equal(rc, 42);
	assert_int_equal(idmap_run(&maps, complain, (void *)"it"), -ENXIO);
	assert_string_equal(err_text(), "complaint about 'it'");
	assert_string_equal(err_hint(), "a hint");
	idmaps_release(&maps);
}

/* A map that the kernel refuses is an error, and no child stays behind. */
static void bad_map(void **state)
{
	struct idmaps maps = { 0 };
	int self = getpid();

	idmap_add(&maps.uid, 0, 4294967290, 100);
	idmap_add(&maps.gid, 0, getegid(), 1);
	assert_true(idmap_run(&maps, say_ids, &self) < 0);
	assert_non_null(strstr(err_text(), "cannot map the ids"));
	idmaps_release(&maps);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(translation),
		cmocka_unit_test(subid_files),
		cmocka_unit_test(running),
		cmocka_unit_test(bad_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
