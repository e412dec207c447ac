/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "container/secretopt.h"
#include "unit.h"

static char dir[] = "/tmp/berth-unit-secret.XXXXXX";
static struct host host = { .root = dir };

static int set_up(void **state)
{
	return mkdtemp(dir) != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
	return fs_remove_tree(AT_FDCWD, dir);
}

static int begin(void **state)
{
	autofree char *path = xasprintf("%s/secrets", dir);

	err_clear();
	return fs_remove_tree(AT_FDCWD, path);
}

static int make(const char *name, const char *bytes, size_t len, bool replace)
{
	AUTO(secret) secret = SECRET_INIT;

	secret.name = xstrdup(name);
	strvec_push(&secret.labels, "k=v");
	buf_add(&secret.data, bytes, len);
	return secret_create(&host, replace, &secret);
}

static void options(void **state)
{
	static const struct {
		const char *text, *name, *target;
		bool env, owned;
		unsigned int uid, gid, mode;
	} good[] = {
		{ "a", "a", "/run/secrets/a", .mode = 0444 },
		{ "source=a", "a", "/run/secrets/a", .mode = 0444 },
		{ "a,target=b/../c//d", "a", "/run/secrets/c/d", .mode = 0444 },
		{ "a,target=/run/secrets/x", "a", "/run/secrets/x", .mode = 0444 },
		{ "a,target=/run/secretsx", "a", "/run/secretsx", .mode = 0444 },
		{ "a,target=/x/../../y", "a", "/y", .mode = 0444 },
		{ "a,uid=0", "a", "/run/secrets/a", .owned = true, .mode = 0444 },
		{ "a,type=mount,gid=7,mode=0640,uid=8", "a", "/run/secrets/a", .owned = true,
		  .uid = 8, .gid = 7, .mode = 0640 },
		{ "a,type=env", "a", "a", .env = true, .mode = 0444 },
		{ "a,type=env,target=B", "a", "B", .env = true, .mode = 0444 },
	};
	static const char *const bad[] = {
		"",
		",",
		"type=env",
		"a,",
		"a,type=x",
		"a,type",
		"a,target=",
		"a,target=.",
		"a,target=/",
		"a,target=/run",
		"a,target=/run/secrets",
		"a,target=../x",
		"a,target=b/../../x",
		"a,uid=x",
		"a,uid=4294967295",
		"a,mode=8",
		"a,mode=1777",
		"a,x=y",
		"a,type=env,uid=0",
		"../a",
		".a",
		"a/b",
		"a,type=env,target=A=B",
	};
	struct secretopt opt = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(secretopt_parse(good[i].text, &opt), 0);
		assert_string_equal(opt.name, good[i].name);
		assert_string_equal(opt.target, good[i].target);
		assert_int_equal(opt.env, good[i].env);
		assert_int_equal(opt.owned, good[i].owned);
		assert_int_equal(opt.uid, good[i].uid);
		assert_int_equal(opt.gid, good[i].gid);
		assert_int_equal(opt.mode, good[i].mode);
		secretopt_release(&opt);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(secretopt_parse(bad[i], &opt), -EINVAL);
		assert_non_null(strstr(err_text(), "--secret"));
		err_clear();
	}
}

static void names(void **state)
{
	AUTO(buf) longest = BUF_INIT;

	for (size_t i = 0; i < MAX_SECRET_NAME; i++)
		buf_add_char(&longest, 'x');
	assert_int_equal(make(longest.data, "x", 1, false), 0);
	buf_add_char(&longest, 'x');
	assert_int_equal(make(longest.data, "x", 1, false), -EINVAL);
	assert_int_equal(make("", "x", 1, false), -EINVAL);
	assert_int_equal(make("_a", "x", 1, false), -EINVAL);
	assert_int_equal(make("A.b-c_9", "x", 1, false), 0);
}

static void contents(void **state)
{
	AUTO(secret) secret = SECRET_INIT, other = SECRET_INIT, again = SECRET_INIT;
	AUTO(secret) short_one = SECRET_INIT, none = SECRET_INIT;
	static const char bytes[] = "a\0b\n\xff{\"version\":2}\n";
	autofree char *large = xcalloc(1, MAX_SECRET);
	autofree char *id = NULL, *prefix = NULL;

	assert_int_equal(make("none", bytes, 0, false), -EINVAL);
	assert_int_equal(make("large", large, MAX_SECRET, false), -EFBIG);
	assert_int_equal(make("large", large, MAX_SECRET - 1, false), 0);
	assert_int_equal(make("a", bytes, sizeof(bytes), false), 0);
	assert_int_equal(make("a", "x", 1, false), -EEXIST);
	assert_int_equal(secret_find(&host, "a", false, &secret), 0);
	assert_int_equal(secret.data.len, 0);
	assert_int_equal(strlen(secret.id), 25);
	assert_string_equal(secret.labels.v[0], "k=v");
	assert_int_equal(secret_find(&host, secret.id, true, &other), 0);
	prefix = xstrndup(secret.id, 8);
	assert_int_equal(secret_find(&host, prefix, false, &short_one), 0);
	assert_string_equal(short_one.name, "a");
	prefix[7] = '\0';
	assert_int_equal(secret_find(&host, prefix, false, &none), -ENOENT);
	assert_int_equal(other.data.len, sizeof(bytes));
	assert_memory_equal(other.data.data, bytes, sizeof(bytes));
	assert_int_equal(make("a", "x", 1, true), 0);
	assert_int_equal(secret_find(&host, "a", true, &again), 0);
	assert_int_equal(again.created, other.created);
	assert_int_equal(again.created_nsec, other.created_nsec);
	assert_string_not_equal(again.id, other.id);
	assert_int_equal(secret_remove(&host, other.id, &id), -ENOENT);
	assert_int_equal(secret_remove(&host, again.id, &id), 0);
	assert_string_equal(id, again.id);
	assert_int_equal(secret_remove(&host, "a", &id), -ENOENT);
}

static int count(const struct secret *secret, void *arg)
{
	(*(int *)arg)++;
	return 0;
}

/* No other file is taken for a secret, and what is damaged is said to be. */
static void files(void **state)
{
	AUTO(secret) secret = SECRET_INIT;
	autofree char *path = xasprintf("%s/secrets", dir);
	autoclose int fd = -1;
	struct stat st;
	int n = 0;

	assert_int_equal(secret_each(&host, count, &n), 0);
	assert_int_equal(secret_find(&host, "a", true, &secret), -ENOENT);
	assert_int_equal(make("a", "x", 1, false), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(fstatat(fd, "a", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(symlinkat("a", fd, "link"), 0);
	assert_true(secret_find(&host, "link", true, &secret) < 0);
	unlinkat(fd, "link", 0);
	assert_int_equal(fs_replace_file(fd, ".left.tmp", "x", 1, 0600, false), 0);
	assert_int_equal(secret_each(&host, count, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(make("b", "x", 1, false), 0);
	assert_int_equal(fs_exists(fd, ".left.tmp"), 0);
	assert_int_equal(fs_replace_file(fd, "c", "no newline", 10, 0600, false), 0);
	assert_int_equal(secret_find(&host, "c", true, &secret), -EINVAL);
	assert_int_equal(fs_replace_file(fd, "c", "{\"version\":9}\nx", 15, 0600, false), 0);
	assert_int_equal(secret_find(&host, "c", true, &secret), -EINVAL);
	assert_int_equal(make("c", "x", 1, true), 0);
	assert_int_equal(secret_find(&host, "c", true, &secret), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options),
		cmocka_unit_test_setup(names, begin),
		cmocka_unit_test_setup(contents, begin),
		cmocka_unit_test_setup(files, begin),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
