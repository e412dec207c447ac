/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/store.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/lock.h"
#include "image/catalog.h"
#include "image/garbage.h"
#include "image/lookup.h"
#include "image/plan.h"
#include "unit.h"

struct fixture {
	char dir[64];
	struct host host;
	struct store store;
};

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	autofree char *root = NULL;

	snprintf(f->dir, sizeof(f->dir), "/tmp/berth-unit-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	root = xasprintf("%s/root", f->dir);
	assert_int_equal(host_init(&f->host, root, f->dir), 0);
	assert_int_equal(store_open(&f->host, &f->store), 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	store_release(&f->store);
	host_release(&f->host);
	assert_int_equal(fs_remove_tree(AT_FDCWD, f->dir), 0);
	free(f);
	return 0;
}

static struct descriptor descriptor_of(char digit)
{
	struct descriptor d = { .media_type = (char *)MEDIA_OCI_MANIFEST, .size = 3 };

	memset(d.digest, digit, DIGEST_TEXT_LEN);
	memcpy(d.digest, "sha256:", 7);
	return d;
}

static void set_name(struct fixture *f, const char *name, char digit)
{
	AUTO(catalog) catalog = CATALOG_INIT;
	struct descriptor d = descriptor_of(digit);

	assert_int_equal(catalog_open_locked(&f->store, &catalog), 0);
	catalog_set(&catalog, name, &d);
	assert_int_equal(catalog_commit(&catalog), 0);
}

/* "a=1 b=2 -=3" */
static char *names_of(struct fixture *f)
{
	AUTO(catalog) catalog = CATALOG_INIT;
	AUTO(buf) text = BUF_INIT;

	assert_int_equal(catalog_open(&f->store, &catalog), 0);
	for (size_t i = 0; i < catalog.n; i++)
		buf_addf(&text, "%s%s=%c", i > 0 ? " " : "",
			 catalog.v[i].name != NULL ? catalog.v[i].name : "-",
			 catalog.v[i].descriptor.digest[10]);
	return buf_steal(&text);
}

#define assert_names(f, wanted) \
	do { \
		autofree char *names_ = names_of(f); \
		assert_string_equal(names_, wanted); \
	} while (0)

static void test_names(void **state)
{
	struct fixture *f = *state;

	set_name(f, "x.io/a:1", '1');
	set_name(f, "x.io/b:1", '1');
	assert_names(f, "x.io/a:1=1 x.io/b:1=1");
	/* The same again changes nothing. */
	set_name(f, "x.io/a:1", '1');
	assert_names(f, "x.io/a:1=1 x.io/b:1=1");
	/* A name moves; the other name still keeps the image. */
	set_name(f, "x.io/a:1", '2');
	assert_names(f, "x.io/b:1=1 x.io/a:1=2");
	/* The last name goes: the image stays without one. */
	set_name(f, "x.io/b:1", '2');
	assert_names(f, "-=1 x.io/a:1=2 x.io/b:1=2");
	/* And gets one. */
	set_name(f, "x.io/c:1", '1');
	assert_names(f, "x.io/a:1=2 x.io/b:1=2 x.io/c:1=1");
	set_name(f, NULL, '1');
	set_name(f, NULL, '3');
	assert_names(f, "x.io/a:1=2 x.io/b:1=2 x.io/c:1=1 -=3");
}

/* What others wrote into an entry is kept. */
static void test_foreign_fields(void **state)
{
	static const char index[] =
		"{\"schemaVersion\":2,\"x\":[1],\"manifests\":[{\"mediaType\":\"m\",\"digest\":"
		"\"sha256:"
		"1111111111111111111111111111111111111111111111111111111111111111\",\"size\":3,"
		"\"y\":9007199254740993,\"annotations\":{\"org.opencontainers.image.ref.name\":"
		"\"short\","
		"\"z\":\"w\"}}]}";
	struct fixture *f = *state;
	AUTO(buf) text = BUF_INIT;

	assert_int_equal(
		fs_replace_file(f->store.fd, "index.json", index, strlen(index), 0600, false), 0);
	assert_names(f, "docker.io/library/short:latest=1");
	set_name(f, "docker.io/library/short:latest", '2');
	assert_names(f, "-=1 docker.io/library/short:latest=2");
	assert_int_equal(fs_read_file(f->store.fd, "index.json", 4096, &text), 0);
	assert_non_null(strstr(text.data, "\"x\":[1]"));
	assert_non_null(strstr(text.data, "\"y\":9007199254740993"));
	assert_non_null(strstr(text.data, "\"annotations\":{\"z\":\"w\"}"));
}

static void test_bad_index(void **state)
{
	static const char *const bad[] = {
		"",
		"[]",
		"{\"manifests\":{}}",
		"{\"manifests\":[1]}",
		"{\"manifests\":[{}]}",
		"{}x",
		"{\"manifests\":[],\"manifests\":[]}",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		AUTO(catalog) catalog = CATALOG_INIT;

		assert_int_equal(fs_replace_file(f->store.fd, "index.json", bad[i], strlen(bad[i]),
						 0600, false),
				 0);
		assert_true(catalog_open(&f->store, &catalog) < 0);
		/* Nothing is swept by a catalog that cannot be read. */
		assert_true(garbage_collect(&f->store) < 0);
	}
}

static int recall(struct fixture *f, const char *name)
{
	char id[DIGEST_TEXT_SIZE], digest[DIGEST_TEXT_SIZE];

	return catalog_recall(&f->store, name, id, digest) == 1 ? digest[10] : 0;
}

static void remember(struct fixture *f, const char *name, char digit)
{
	AUTO(catalog) catalog = CATALOG_INIT;
	struct descriptor d = descriptor_of(digit);

	assert_int_equal(catalog_open(&f->store, &catalog), 0);
	catalog_remember(&catalog, name, d.digest, d.digest);
}

static void test_cache(void **state)
{
	struct fixture *f = *state;
	AUTO(catalog) old = CATALOG_INIT;
	struct descriptor d = descriptor_of('7');
	AUTO(buf) text = BUF_INIT;

	set_name(f, "x.io/a:1", '1');
	assert_int_equal(recall(f, "x.io/a:1"), 0);
	remember(f, "x.io/a:1", '1');
	remember(f, "x.io/b:1", '2');
	assert_int_equal(recall(f, "x.io/a:1"), '1');
	/* A change drops what it touches, and nothing else. */
	set_name(f, "x.io/b:1", '3');
	assert_int_equal(recall(f, "x.io/a:1"), '1');
	assert_int_equal(recall(f, "x.io/b:1"), 0);
	/* An answer of an older catalog is not taken. */
	assert_int_equal(catalog_open(&f->store, &old), 0);
	set_name(f, "x.io/c:1", '4');
	catalog_remember(&old, "x.io/c:1", d.digest, d.digest);
	assert_int_equal(recall(f, "x.io/c:1"), 0);
	/* With an index.json that somebody else wrote nothing counts. */
	assert_int_equal(fs_read_file(f->store.fd, "index.json", 4096, &text), 0);
	assert_int_equal(
		fs_replace_file(f->store.fd, "index.json", text.data, text.len, 0600, false), 0);
	assert_int_equal(recall(f, "x.io/a:1"), 0);
	/* Names cannot lead out of the directory. */
	remember(f, "../../../escape", '1');
	remember(f, "..", '1');
	remember(f, "", '1');
	assert_int_equal(fs_exists(f->store.fd, "../escape"), 0);
}

static void test_plan(void **state)
{
	struct fixture *f = *state;
	struct image_config config = { 0 }, read = { 0 };
	struct descriptor d = descriptor_of('5');
	autofree char *path = xasprintf("images/%s", digest_hex(d.digest));
	AUTO(buf) text = BUF_INIT;
	int lock = -1;

	config.user = xstrdup("app");
	strvec_push(&config.env, "A=line\nbreak");
	strvec_push(&config.env, "EMPTY=");
	strvec_push(&config.cmd, "");
	strvec_push(&config.diff_ids, d.digest);
	assert_int_equal(plan_open(&f->store, d.digest, &read, &lock), -ENOENT);
	assert_int_equal(plan_write(&f->store, d.digest, &config), 0);
	assert_int_equal(plan_open(&f->store, d.digest, &read, &lock), 0);
	assert_string_equal(read.user, "app");
	assert_null(read.working_dir);
	assert_int_equal(read.env.n, 2);
	assert_string_equal(read.env.v[0], "A=line\nbreak");
	assert_int_equal(read.cmd.n, 1);
	assert_string_equal(read.cmd.v[0], "");
	assert_string_equal(read.diff_ids.v[0], d.digest);
	image_config_release(&read);
	/* In use, then not. */
	assert_int_equal(plan_lock(&f->store, d.digest), -EBUSY);
	close(lock);
	lock = plan_lock(&f->store, d.digest);
	assert_true(lock >= 0);
	assert_int_equal(plan_remove(&f->store, d.digest), 0);
	close(lock);
	assert_int_equal(plan_lock(&f->store, d.digest), -ENOENT);
	/* Any changed byte, and any end, makes it count for nothing; writing it again helps. */
	assert_int_equal(plan_write(&f->store, d.digest, &config), 0);
	assert_int_equal(fs_read_file(f->store.fd, path, 4096, &text), 0);
	for (size_t i = 0; i < text.len; i++) {
		text.data[i] ^= 1;
		fs_replace_file(f->store.fd, path, text.data, text.len, 0600, false);
		text.data[i] ^= 1;
		assert_int_equal(plan_read(&f->store, d.digest, &read), -ENOENT);
		fs_replace_file(f->store.fd, path, text.data, i, 0600, false);
		assert_int_equal(plan_read(&f->store, d.digest, &read), -ENOENT);
	}
	assert_int_equal(plan_write(&f->store, d.digest, &config), 0);
	assert_int_equal(plan_read(&f->store, d.digest, &read), 0);
	image_config_release(&read);
	image_config_release(&config);
}

static size_t count(struct fixture *f, const char *path)
{
	autofree char *command = xasprintf("%s/%s", f->store.path, path);
	struct stat st;

	/* Links of a directory: two, and one for each directory in it. */
	assert_int_equal(stat(command, &st), 0);
	return st.st_nlink - 2;
}

static void test_sweep(void **state)
{
	struct fixture *f = *state;
	AUTO(store_tmp) held = STORE_TMP_INIT;
	char fresh[] = "tmp/0000";

	assert_int_equal(store_tmp_make(&f->store, &held), 0);
	/* One whose owner died, with a tree in it, and one that has no lock at all. */
	assert_int_equal(fs_mkdirs(f->store.fd, "tmp/dead/a/b", 0700), 0);
	assert_int_equal(fs_replace_file(f->store.fd, "tmp/dead/lock", "", 0, 0600, false), 0);
	assert_int_equal(fs_mkdirs(f->store.fd, fresh, 0700), 0);
	/* Objects of nobody. */
	assert_int_equal(
		fs_replace_file(f->store.fd,
				"blobs/sha256/"
				"2222222222222222222222222222222222222222222222222222222222222222",
				"x", 1, 0600, false),
		0);
	assert_int_equal(count(f, "tmp"), 3);
	assert_int_equal(store_sweep(&f->store), 0);
	assert_int_equal(count(f, "tmp"), 1);
	assert_int_equal(fs_exists(f->store.fd, held.name), 1);
	assert_int_equal(fs_exists(f->store.fd, "tmp/garbage"), 0);
	assert_int_equal(
		fs_exists(f->store.fd,
			  "blobs/sha256/"
			  "2222222222222222222222222222222222222222222222222222222222222222"),
		0);
}

/* While somebody adds objects nothing is swept, and it is not forgotten. */
static void test_sweep_waits(void **state)
{
	struct fixture *f = *state;
	int hold = store_hold(&f->store);

	assert_true(hold >= 0);
	assert_int_equal(store_mark_garbage(&f->store), 0);
	assert_int_equal(store_sweep(&f->store), 0);
	assert_int_equal(fs_exists(f->store.fd, "tmp/garbage"), 1);
	close(hold);
	assert_int_equal(store_sweep(&f->store), 0);
	assert_int_equal(fs_exists(f->store.fd, "tmp/garbage"), 0);
}

static void test_lookup_names(void **state)
{
	AUTO(strvec) names = STRVEC_INIT;

	lookup_names("app:1", &names);
	assert_int_equal(names.n, 2);
	assert_string_equal(names.v[0], "docker.io/library/app:1");
	assert_string_equal(names.v[1], "localhost/app:1");
	strvec_release(&names);
	lookup_names("quay.io/app", &names);
	assert_int_equal(names.n, 1);
	strvec_release(&names);
	lookup_names("Not A Name", &names);
	assert_int_equal(names.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_names, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_foreign_fields, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bad_index, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cache, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_plan, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_sweep, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_sweep_waits, set_up, tear_down),
		cmocka_unit_test(test_lookup_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
