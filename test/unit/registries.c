/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/registries.h"

#include <sys/stat.h>

#include "base/bounds.h"
#include "data.h"
#include "image/registries_file.h"

static void print_endpoints(struct buf *out, const struct endpoints *endpoints)
{
	for (size_t i = 0; i < endpoints->n; i++) {
		const struct endpoint *e = &endpoints->v[i];

		buf_addf(out, "  %s %s (%s)%s%s\n", e->host, e->repository, e->auth_key,
			 e->mirror ? " mirror" : "", e->insecure ? " insecure" : "");
	}
}

static int answer(const struct registries *registries, const char *word, const char *text,
		  struct buf *out)
{
	AUTO(endpoints) endpoints = { 0 };
	AUTO(strvec) names = STRVEC_INIT;
	AUTO(ref) ref = { 0 };

	if (strcmp(word, "search") == 0) {
		registries_search(registries, &names);
	} else if (strcmp(word, "helpers") == 0) {
		registries_helpers(registries, &names);
	} else if (strcmp(word, "complete") == 0) {
		TRY(registries_complete(registries, text, &names));
	} else {
		TRY(ref_parse(text, &ref));
		if (strcmp(word, "push") == 0)
			TRY(registries_push(registries, &ref, &endpoints));
		else
			TRY(registries_pull(registries, &ref, &endpoints));
	}
	for (size_t i = 0; i < names.n; i++)
		buf_addf(out, "  %s\n", names.v[i]);
	print_endpoints(out, &endpoints);
	return 0;
}

/* "#? pull NAME" and the like are questions; "#file" begins another file, "#docker" that of
 * docker. */
static int take_file(struct registries *registries, struct buf *text, bool docker, size_t n)
{
	autofree char *name = xasprintf("file %zu", n);
	int rc = docker ? registries_add_docker(registries, text, name)
			: registries_add(registries, text, name);

	buf_clear(text);
	return rc;
}

static int read_files(struct registries *registries, const struct strvec *lines)
{
	AUTO(buf) text = BUF_INIT;
	bool docker = false;
	size_t n = 1;

	for (size_t i = 0; i < lines->n; i++) {
		if (strcmp(lines->v[i], "#file") == 0 || strcmp(lines->v[i], "#docker") == 0) {
			if (text.len > 0)
				TRY(take_file(registries, &text, docker, n++));
			docker = lines->v[i][1] == 'd';
		} else if (strncmp(lines->v[i], "#?", 2) != 0) {
			buf_addf(&text, "%s\n", lines->v[i]);
		}
	}
	return take_file(registries, &text, docker, n);
}

static int render(const struct buf *in, struct buf *out)
{
	struct registries *registries = xcalloc(1, sizeof(*registries));
	AUTO(strvec) lines = STRVEC_INIT;
	int rc;

	strvec_split(&lines, in->data, '\n');
	rc = read_files(registries, &lines);
	for (size_t i = 0; i < lines.n && rc >= 0; i++) {
		AUTO(strvec) words = STRVEC_INIT;

		if (strncmp(lines.v[i], "#? ", 3) != 0)
			continue;
		strvec_split(&words, lines.v[i] + 3, ' ');
		buf_addf(out, "%s:\n", lines.v[i] + 3);
		err_clear();
		if (answer(registries, words.v[0], words.n > 1 ? words.v[1] : "", out) < 0)
			buf_addf(out, "  error: %s\n%s%s%s", err_text(),
				 err_hint()[0] != '\0' ? "  hint: " : "", err_hint(),
				 err_hint()[0] != '\0' ? "\n" : "");
	}
	registries_free(registries);
	return rc;
}

static void test_data(void **state)
{
	data_check("registries", render);
}

/* The files of a user with this home directory; NULL for those that cannot be read. */
static struct registries *read_of(const char *home)
{
	struct host host = { .uid = 1000, .rootless = true, .home = (char *)home };
	struct registries *registries = NULL;

	if (registries_read(&host, &registries) < 0)
		return NULL;
	return registries;
}

static void put(const char *dir, const char *name, const char *text)
{
	autofree char *path = xasprintf("%s/%s", dir, name);
	autofree char *parent = xstrndup(path, (size_t)(strrchr(path, '/') - path));

	assert_int_equal(fs_mkdirs(AT_FDCWD, parent, 0700), 0);
	assert_int_equal(fs_replace_file(AT_FDCWD, path, text, strlen(text), 0644, false), 0);
}

static void test_files(void **state)
{
	char dir[] = "/tmp/unit-registries.XXXXXX";
	AUTO(strvec) names = STRVEC_INIT;
	struct registries *registries;

	assert_non_null(mkdtemp(dir));
	unsetenv("XDG_CONFIG_HOME");
	put(dir, ".config/containers/registries.conf",
	    "unqualified-search-registries = ['one.example']\n[aliases]\na = 'a.example/main'\n");
	put(dir, ".config/containers/registries.conf.d/20-b.conf",
	    "[aliases]\na = 'a.example/last'\nb = 'b.example/b'\n");
	put(dir, ".config/containers/registries.conf.d/10-a.conf",
	    "[aliases]\na = 'a.example/first'\n");
	put(dir, ".config/containers/registries.conf.d/30-c.toml", "not read");
	registries = read_of(dir);
	assert_non_null(registries);
	assert_int_equal(registries_complete(registries, "a:1", &names), 0);
	assert_string_equal(names.v[0], "a.example/last:1");
	assert_int_equal(registries_complete(registries, "c", &names), 0);
	assert_string_equal(names.v[0], "one.example/c:latest");
	registries_free(registries);
	/* One file that is given stands alone. */
	put(dir, "given", "unqualified-search-registries = ['two.example']\n");
	autofree char *given = xasprintf("%s/given", dir);
	setenv("CONTAINERS_REGISTRIES_CONF", given, 1);
	registries = read_of(dir);
	assert_non_null(registries);
	assert_int_equal(registries_complete(registries, "a", &names), 0);
	assert_string_equal(names.v[0], "two.example/a:latest");
	registries_free(registries);
	setenv("CONTAINERS_REGISTRIES_CONF", "/nonexistent", 1);
	assert_null(read_of(dir));
	unsetenv("CONTAINERS_REGISTRIES_CONF");
	/* What is wrong in one of them is no reason to go on without it. */
	put(dir, ".config/containers/registries.conf.d/15.conf", "[[registry]]\n");
	assert_null(read_of(dir));
	assert_non_null(strstr(err_text(), "15.conf"));
	assert_int_equal(fs_remove_tree(AT_FDCWD, dir), 0);
}

static void test_too_many_files(void **state)
{
	char dir[] = "/tmp/unit-registries.XXXXXX";
	struct registries *registries;

	assert_non_null(mkdtemp(dir));
	for (int i = 0; i < MAX_REGISTRIES_FILES; i++) {
		autofree char *name = xasprintf(".config/containers/registries.conf.d/%d.conf", i);

		put(dir, name, "");
	}
	registries = read_of(dir);
	assert_non_null(registries);
	registries_free(registries);
	put(dir, ".config/containers/registries.conf.d/x.conf", "");
	assert_null(read_of(dir));
	assert_int_equal(fs_remove_tree(AT_FDCWD, dir), 0);
}

static void test_ranges(void **state)
{
	static const struct {
		const char *range, *inside, *outside;
	} good[] = {
		{ "10.0.0.0/8", "10.255.1.2", "11.0.0.0" },
		{ "192.168.1.128/25", "192.168.1.129", "192.168.1.127" },
		{ "10.1.2.3/32", "10.1.2.3", "10.1.2.4" },
		{ "0.0.0.0/0", "1.2.3.4", "::1" },
		{ "2001:db8::/33", "2001:db8:7fff::", "2001:db8:8000::" },
		{ "::1/128", "::1", "::2" },
		{ "10.0.0.0/8", "10.0.0.0", "10.example.com" },
	};
	static const char *const bad[] = { "10.0.0.0",    "10.0.0.0/33", "10.0.0/8",   "::/129",
					   "10.0.0.0/",   "10.0.0.0/+8", "x/8",        "/8",
					   "10.0.0.0/8 ", "::1/1000",    "10.0.0.0/-1" };
	struct address_range range;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_true(address_range_parse(good[i].range, &range));
		assert_true(address_range_has(&range, good[i].inside));
		assert_false(address_range_has(&range, good[i].outside));
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(address_range_parse(bad[i], &range));
}

static void test_certs(void **state)
{
	char dir[] = "/tmp/unit-registries.XXXXXX";
	struct host host = { .uid = 1000, .rootless = true, .home = dir };
	AUTO(certs) certs = { 0 };
	autofree char *given = NULL;

	assert_non_null(mkdtemp(dir));
	assert_int_equal(certs_find(&host, NULL, "a.example:5000", &certs), 0);
	assert_int_equal(certs.ca.n, 0);
	put(dir, ".config/containers/certs.d/a.example:5000/ca.crt", "");
	put(dir, ".config/containers/certs.d/a.example:5000/other.crt", "");
	put(dir, ".config/containers/certs.d/a.example:5000/client.cert", "");
	put(dir, ".config/containers/certs.d/a.example:5000/README", "");
	/* Half a pair is a mistake. */
	assert_int_equal(certs_find(&host, NULL, "a.example:5000", &certs), -ENOENT);
	put(dir, ".config/containers/certs.d/a.example:5000/client.key", "");
	assert_int_equal(certs_find(&host, NULL, "a.example:5000", &certs), 0);
	assert_int_equal(certs.ca.n, 2);
	assert_non_null(strstr(certs.ca.v[0], "/ca.crt"));
	assert_non_null(strstr(certs.cert, "/client.cert"));
	assert_non_null(strstr(certs.key, "/client.key"));
	certs_release(&certs);
	assert_int_equal(certs_find(&host, NULL, "a.example", &certs), 0);
	assert_null(certs.cert);
	/* A name is no way out of the directory. */
	put(dir, ".config/containers/certs.d/x/ca.crt", "");
	put(dir, ".config/containers/ca.crt", "");
	assert_int_equal(certs_find(&host, NULL, "..", &certs), 0);
	assert_int_equal(certs.ca.n, 0);
	given = xasprintf("%s/.config/containers/certs.d/x", dir);
	assert_int_equal(certs_find(&host, given, "a.example", &certs), 0);
	assert_int_equal(certs.ca.n, 1);
	certs_release(&certs);
	assert_int_equal(certs_find(&host, "/nonexistent", "a.example", &certs), -ENOENT);
	assert_int_equal(fs_remove_tree(AT_FDCWD, dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_data),           cmocka_unit_test(test_files),
		cmocka_unit_test(test_too_many_files), cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_certs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
