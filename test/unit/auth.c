/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/auth.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "data.h"

static char *home;
static struct host host = { .uid = 1000, .rootless = true };

/* A file below the home directory. */
static void put(const char *name, const char *text)
{
	autofree char *path = xasprintf("%s/%s", home, name);
	autofree char *parent = xstrndup(path, (size_t)(strrchr(path, '/') - path));

	assert_int_equal(fs_mkdirs(AT_FDCWD, parent, 0700), 0);
	assert_int_equal(fs_replace_file(AT_FDCWD, path, text, strlen(text), 0600, false), 0);
}

static void drop(const char *name)
{
	autofree char *path = xasprintf("%s/%s", home, name);

	assert_int_equal(fs_remove_tree(AT_FDCWD, path), 0);
}

/* "USER PASSWORD TOKEN" of what is found. To be freed. */
static char *look_up(const char *authfile, const char *key)
{
	AUTO(credential) found = { 0 };
	int rc = auth_find(&host, authfile, key, &found);

	if (rc < 0)
		return xstrdup("error");
	if (rc == 0)
		return xstrdup("none");
	return xasprintf("%s %s %s", found.username != NULL ? found.username : "-",
			 found.password != NULL ? found.password : "-",
			 found.identity_token != NULL ? found.identity_token : "-");
}

#define assert_found(authfile, key, wanted) \
	do { \
		autofree char *found_ = look_up(authfile, key); \
		assert_string_equal(found_, wanted); \
	} while (0)

/* The first lines are the keys to look up; the file begins at the first brace. */
static int render(const struct buf *in, struct buf *out)
{
	const char *brace = strchr(in->data, '{');
	autofree char *path = xasprintf("%s/data.json", home);
	autofree char *head = xstrndup(in->data, (size_t)(brace - in->data));
	AUTO(strvec) keys = STRVEC_INIT;

	put("data.json", brace);
	strvec_split(&keys, head, '\n');
	for (size_t i = 0; i < keys.n; i++) {
		AUTO(credential) found = { 0 };
		int rc;

		if (keys.v[i][0] == '\0')
			continue;
		rc = auth_find(&host, path, keys.v[i], &found);
		if (rc < 0) {
			const char *at = strstr(err_text(), path);
			autofree char *text =
				xstrdup(at != NULL ? at + strlen(path) + 1 : err_text());

			return refuse_with(-rc, "FILE%s", text);
		}
		buf_addf(out, "%s: ", keys.v[i]);
		if (rc == 0)
			buf_add_str(out, "none\n");
		else
			buf_addf(out, "%s %s %s\n", found.username != NULL ? found.username : "-",
				 found.password != NULL ? found.password : "-",
				 found.identity_token != NULL ? found.identity_token : "-");
	}
	return 0;
}

static void test_data(void **state)
{
	data_check("auth", render);
}

#define ENTRY(text) "{\"auths\": {\"r.example\": {\"auth\": \"" text "\"}}}"

/* Each file is behind the one before it; dTpw is u:p, and so on. */
static void test_order(void **state)
{
	autofree char *run = xasprintf("%s/run", home);
	autofree char *credentials = xasprintf("%s/credentials", home);
	autofree char *config = xasprintf("%s/docker", home);

	assert_int_equal(fs_mkdirs(AT_FDCWD, run, 0700), 0);
	setenv("XDG_RUNTIME_DIR", run, 1);
	setenv("CREDENTIALS_DIRECTORY", credentials, 1);
	assert_found(NULL, "r.example", "none");
	put("credentials/berth.auth", ENTRY("NTo1")); /* 5:5 */
	assert_found(NULL, "r.example", "5 5 -");
	put(".dockercfg", "{\"https://r.example/v1/\": {\"auth\": \"NDo0\", \"email\": \"x\"}}");
	assert_found(NULL, "r.example", "4 4 -");
	put(".docker/config.json", ENTRY("Mzoz"));
	assert_found(NULL, "r.example", "3 3 -");
	setenv("DOCKER_CONFIG", config, 1);
	assert_found(NULL, "r.example", "4 4 -");
	put("docker/config.json", ENTRY("MzM6MzM="));
	assert_found(NULL, "r.example", "33 33 -");
	put(".config/containers/auth.json", ENTRY("Mjoy"));
	assert_found(NULL, "r.example", "2 2 -");
	put("run/containers/auth.json", ENTRY("MTox"));
	assert_found(NULL, "r.example", "1 1 -");
	assert_found(NULL, "r.example/a/b", "1 1 -");
	assert_found(NULL, "r.example2", "none");
	/* A file that is named stands alone. */
	put("named", "{\"auths\": {\"other.example\": {\"auth\": \"OTo5\"}}}");
	autofree char *named = xasprintf("%s/named", home);
	assert_found(named, "r.example", "none");
	assert_found(named, "other.example", "9 9 -");
	setenv("REGISTRY_AUTH_FILE", named, 1);
	assert_found(NULL, "r.example", "none");
	assert_found(NULL, "other.example", "9 9 -");
	unsetenv("REGISTRY_AUTH_FILE");
	assert_found("/nonexistent", "r.example", "error");
	/* The runtime directory of another user is not ours. */
	host.uid++;
	assert_found(NULL, "r.example", "2 2 -");
	host.uid--;
	/* A broken file is not passed over. */
	put("run/containers/auth.json", "{");
	assert_found(NULL, "r.example", "error");
	unsetenv("DOCKER_CONFIG");
	unsetenv("CREDENTIALS_DIRECTORY");
	unsetenv("XDG_RUNTIME_DIR");
	drop("run");
	drop("credentials");
	drop("docker");
	drop(".docker");
	drop(".dockercfg");
	drop(".config");
}

static void assert_file(const char *name, const char *wanted)
{
	autofree char *path = xasprintf("%s/%s", home, name);
	AUTO(buf) text = BUF_INIT, compact = BUF_INIT;
	autojson cJSON *json = NULL;
	struct stat st;

	assert_int_equal(fs_read_file(AT_FDCWD, path, 65536, &text), 0);
	assert_int_equal(json_parse(text.data, text.len, path, &json), 0);
	json_print(json, false, &compact);
	assert_string_equal(compact.data, wanted);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void test_store(void **state)
{
	struct credential credential = { .username = (char *)"user",
					 .password = (char *)"p:a\"ss\303\244" };
	autofree char *path = xasprintf("%s/new/dir/auth.json", home);
	autofree char *link = xasprintf("%s/link", home);
	struct stat st;

	assert_int_equal(auth_store(&host, path, "r.example:5000", &credential), 0);
	assert_file("new/dir/auth.json", "{\"auths\":{\"r.example:5000\":{\"auth\":"
					 "\"dXNlcjpwOmEic3PDpA==\"}}}");
	assert_found(path, "r.example:5000", "user p:a\"ss\303\244 -");
	assert_found(path, "r.example", "none");
	/* What others wrote stays, and an entry keeps its spelling. */
	put("new/dir/auth.json",
	    "{\"x\": [1, 1.50], \"auths\": {\"https://index.docker.io/v1/\": {\"auth\": "
	    "\"b2xk\", \"identitytoken\": \"old\", \"email\": \"e\"}, \"a.example\": {}}}");
	assert_int_equal(auth_store(&host, path, "docker.io", &credential), 0);
	assert_file("new/dir/auth.json",
		    "{\"x\":[1,1.50],\"auths\":{\"https://index.docker.io/v1/\":{\"email\":\"e\","
		    "\"auth\":\"dXNlcjpwOmEic3PDpA==\"},\"a.example\":{}}}");
	/* A link stays one. */
	assert_int_equal(symlink("new/dir/auth.json", link), 0);
	credential.password = (char *)"x";
	assert_int_equal(auth_store(&host, link, "a.example", &credential), 0);
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_found(path, "a.example/b", "user x -");
	put("empty", "");
	autofree char *empty = xasprintf("%s/empty", home);
	assert_found(empty, "a.example", "none");
	assert_int_equal(auth_store(&host, empty, "a.example", &credential), 0);
	assert_found(empty, "a.example", "user x -");
	/* Nothing is written over what cannot be read. */
	put("broken", "{\"auths\": 1}");
	autofree char *broken = xasprintf("%s/broken", home);
	assert_int_equal(auth_store(&host, broken, "a.example", &credential), -EINVAL);
	assert_file("broken", "{\"auths\":1}");
	/* docker finds it by its own name for it. */
	autofree char *docker = xasprintf("%s/d/config.json", home);
	assert_int_equal(auth_store(&host, docker, "docker.io", &credential), 0);
	assert_file("d/config.json",
		    "{\"auths\":{\"https://index.docker.io/v1/\":{\"auth\":\"dXNlcjp4\"}}}");
}

static void test_remove(void **state)
{
	autofree char *path = xasprintf("%s/auth.json", home);
	autofree char *none = xasprintf("%s/no/such.json", home);

	assert_int_equal(auth_remove(&host, none, "r.example"), 0);
	assert_int_equal(auth_remove(&host, none, NULL), 0);
	assert_int_equal(access(none, F_OK), -1);
	put("auth.json", "{\"auths\": {\"https://r.example/v2/\": {\"auth\": \"MTox\"}, "
			 "\"r.example/a\": {\"auth\": \"MTox\"}, \"s.example\": {}, \"t.example\": "
			 "{}}, \"x\": 1}");
	assert_int_equal(auth_remove(&host, path, "r.example/b"), 0);
	assert_int_equal(auth_remove(&host, path, "r.example"), 1);
	assert_int_equal(auth_remove(&host, path, "r.example"), 0);
	assert_file("auth.json", "{\"auths\":{\"r.example/a\":{\"auth\":\"MTox\"},\"s.example\":{},"
				 "\"t.example\":{}},\"x\":1}");
	assert_int_equal(auth_remove(&host, path, NULL), 1);
	assert_file("auth.json", "{\"auths\":{},\"x\":1}");
	assert_int_equal(auth_remove(&host, path, NULL), 0);
}

static void test_parse(void **state)
{
	AUTO(credential) c = { 0 };

	assert_int_equal(credential_parse("me:pass:word", &c), 0);
	assert_string_equal(c.username, "me");
	assert_string_equal(c.password, "pass:word");
	credential_release(&c);
	assert_null(c.username);
	assert_int_equal(credential_parse("me", &c), 0);
	assert_string_equal(c.password, "");
	credential_release(&c);
	assert_int_equal(credential_parse(":x", &c), -EINVAL);
	assert_int_equal(credential_parse("", &c), -EINVAL);
}

/* Whoever gets a secret leaves none on the disk when he crashes. */
static void test_core(void **state)
{
	struct rlimit before, after;
	AUTO(credential) c = { 0 };

	assert_int_equal(getrlimit(RLIMIT_CORE, &before), 0);
	after = before;
	after.rlim_cur = after.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_CORE, &after), 0);
	assert_int_equal(credential_parse("me:pass", &c), 0);
	assert_int_equal(getrlimit(RLIMIT_CORE, &after), 0);
	assert_int_equal(after.rlim_cur, 0);
	assert_int_equal(after.rlim_max, before.rlim_max);
}

static void test_file(void **state)
{
	autofree char *first = NULL, *config = xasprintf("%s/.config/containers/auth.json", home);

	host.uid = 1000;
	first = auth_file(&host, NULL);
	assert_string_equal(first, config);
	/* root has one even where it has no session. */
	host.uid = 0;
	xreplace(&first, NULL);
	first = auth_file(&host, NULL);
	assert_string_equal(first, "/run/containers/0/auth.json");
	host.uid = geteuid();
	xreplace(&first, NULL);
	first = auth_file(&host, "given");
	assert_string_equal(first, "given");
}

static int make_home(void **state)
{
	static char dir[] = "/tmp/unit-auth.XXXXXX";
	static const char *const variables[] = { "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR",
						 "DOCKER_CONFIG", "REGISTRY_AUTH_FILE",
						 "CREDENTIALS_DIRECTORY" };

	home = mkdtemp(dir);
	if (home == NULL)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
		unsetenv(variables[i]);
	host.home = home;
	host.uid = geteuid();
	host.runroot = xasprintf("%s/runroot", home);
	put("registries.conf", "");
	autofree char *conf = xasprintf("%s/registries.conf", home);
	/* A runtime directory of root's would be the machine's. */
	return setenv("CONTAINERS_REGISTRIES_CONF", conf, 1);
}

static int remove_home(void **state)
{
	free(host.runroot);
	return fs_remove_tree(AT_FDCWD, home);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_data),  cmocka_unit_test(test_order),
		cmocka_unit_test(test_store), cmocka_unit_test(test_remove),
		cmocka_unit_test(test_core),  cmocka_unit_test(test_parse),
		cmocka_unit_test(test_file),
	};

	return cmocka_run_group_tests(tests, make_home, remove_home);
}
