/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/rdt.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "spec/bundleconfig.h"
#include "unit.h"

static int read_bundle(const char *rdt, struct spec *ret_spec)
{
	autofree char *text = xasprintf("{\"ociVersion\": \"1.2.0\", \"root\": {\"path\": \"r\"},"
					" \"linux\": {\"intelRdt\": %s}}",
					rdt);
	int rc = bundleconfig_read(text, strlen(text), "/bundle", ret_spec);

	if (rc >= 0)
		ret_spec->id = xstrdup("id");
	return rc;
}

/* resctrl as directories of ordinary files: a group has these two. */
static void make_group(const char *root, const char *name, const char *schemata)
{
	autofree char *dir = xasprintf("%s/%s", root, name);
	autofree char *file = xasprintf("%s/schemata", dir), *tasks = xasprintf("%s/tasks", dir);

	assert_int_equal(mkdir(dir, 0700), 0);
	assert_int_equal(fs_replace_file(AT_FDCWD, file, schemata, strlen(schemata), 0600, false),
			 0);
	assert_int_equal(fs_replace_file(AT_FDCWD, tasks, "", 0, 0600, false), 0);
}

static void expect_file(const char *root, const char *name, const char *want)
{
	autofree char *path = xasprintf("%s/%s", root, name);
	AUTO(buf) text = BUF_INIT;

	assert_int_equal(fs_read_file(AT_FDCWD, path, 4096, &text), 0);
	assert_string_equal(text.data, want);
}

static void nonsense_is_refused(void **state)
{
	static const char *const rows[] = {
		"1",
		"{\"closID\": \"..\"}",
		"{\"closID\": \"info\"}",
		"{\"closID\": \"a/b\"}",
		"{\"closID\": 1}",
		"{\"memBwSchema\": \"L3:0=f\"}",
		"{\"memBwSchema\": \"MB:0=10\\nMB:1=10\"}",
		"{\"schemata\": [\"L3\"]}",
		"{\"schemata\": [1]}",
		"{\"enableMonitoring\": 1}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(spec) spec;

		spec_init(&spec);
		if (read_bundle(rows[i], &spec) != -EINVAL)
			fail_msg("accepted: %s", rows[i]);
	}
}

static void own_class_is_written(void **state)
{
	static const struct {
		const char *rdt, *schemata;
	} rows[] = {
		{ "{}", "" },
		{ "{\"l3CacheSchema\": \"L3:0=f\"}", "L3:0=f\n" },
		{ "{\"l3CacheSchema\": \"L3:0=f\", \"memBwSchema\": \"MB:0=20\"}",
		  "L3:0=f\nMB:0=20\n" },
		{ "{\"l3CacheSchema\": \"L3:0=f\\nMB:0=50\", \"memBwSchema\": \"MB:0=20\"}",
		  "L3:0=f\nMB:0=20\n" },
		{ "{\"l3CacheSchema\": \"L3:0=f\\nMB:0=50\"}", "L3:0=f\nMB:0=50\n" },
		{ "{\"schemata\": [\"L2:0=f\", \"MB:0=20\"]}", "L2:0=f\nMB:0=20\n" },
		{ "{\"schemata\": \"L2:0=f\\nMB:0=20\"}", "L2:0=f\nMB:0=20\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char root[] = "/tmp/berth-unit-XXXXXX";
		AUTO(spec) spec;

		spec_init(&spec);
		assert_non_null(mkdtemp(root));
		make_group(root, "id", "");
		assert_int_equal(read_bundle(rows[i].rdt, &spec), 0);
		assert_true(spec.rdt.given);
		assert_int_equal(rdt_enter_at(root, &spec, 4711), 0);
		expect_file(root, "id/schemata", rows[i].schemata);
		expect_file(root, "id/tasks", "4711");
		assert_int_equal(fs_remove_tree(AT_FDCWD, root), 0);
	}
}

static void named_class_has_to_be_so(void **state)
{
	static const char there[] = "    L3:0=7ff;1=00f\n    MB:0=100;1= 50\n";
	static const struct {
		const char *rdt;
		int rc;
	} rows[] = {
		{ "{\"closID\": \"class\"}", 0 },
		{ "{\"closID\": \"class\", \"l3CacheSchema\": \"L3:0=7ff\"}", 0 },
		{ "{\"closID\": \"class\", \"l3CacheSchema\": \"L3:1=f;0=07FF\"}", 0 },
		{ "{\"closID\": \"class\", \"schemata\": [\"L3:1=f\", \"MB:1=50;0=100\"]}", 0 },
		{ "{\"closID\": \"class\", \"l3CacheSchema\": \"L3:0=ff\"}", -EINVAL },
		{ "{\"closID\": \"class\", \"l3CacheSchema\": \"L3:2=f\"}", -EINVAL },
		{ "{\"closID\": \"class\", \"memBwSchema\": \"MB:0=10\"}", -EINVAL },
		{ "{\"closID\": \"class\", \"schemata\": [\"L2:0=f\"]}", -EINVAL },
		{ "{\"closID\": \"none\"}", -ENOENT },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char root[] = "/tmp/berth-unit-XXXXXX";
		AUTO(spec) spec;

		spec_init(&spec);
		assert_non_null(mkdtemp(root));
		make_group(root, "class", there);
		assert_int_equal(read_bundle(rows[i].rdt, &spec), 0);
		assert_int_equal(rdt_enter_at(root, &spec, 4711), rows[i].rc);
		expect_file(root, "class/tasks", rows[i].rc < 0 ? "" : "4711");
		/* It is not ours to change or to remove. */
		expect_file(root, "class/schemata", there);
		if (rows[i].rc < 0)
			assert_memory_equal(err_text(), "linux.intelRdt: ", 16);
		assert_int_equal(fs_remove_tree(AT_FDCWD, root), 0);
	}
}

static void own_class_goes(void **state)
{
	char root[] = "/tmp/berth-unit-XXXXXX";
	autofree char *own = NULL, *named = NULL, *groups = NULL;
	AUTO(spec) spec;

	spec_init(&spec);
	assert_non_null(mkdtemp(root));
	own = xasprintf("%s/id", root);
	named = xasprintf("%s/class", root);
	groups = xasprintf("%s/class/mon_groups", root);
	assert_int_equal(mkdir(own, 0700), 0);
	assert_int_equal(mkdir(named, 0700), 0);
	assert_int_equal(read_bundle("{\"enableMonitoring\": true}", &spec), 0);
	rdt_leave_at(root, &spec);
	assert_int_equal(access(own, F_OK), -1);
	spec.rdt.clos = xstrdup("class");
	assert_int_equal(mkdir(groups, 0700), 0);
	make_group(groups, "id", "");
	rdt_leave_at(root, &spec);
	assert_int_equal(access(named, F_OK), 0);
	/* Nothing is mounted where it would have to be. */
	if (!rdt_exists()) {
		assert_int_equal(rdt_enter(&spec, getpid()), -EOPNOTSUPP);
		assert_memory_equal(err_text(), "linux.intelRdt: ", 16);
	}
	assert_int_equal(fs_remove_tree(AT_FDCWD, root), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(own_class_is_written),
		cmocka_unit_test(named_class_has_to_be_so),
		cmocka_unit_test(own_class_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
