/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/policy.h"

#include "base/vec.h"
#include "data.h"

static char *config;

static void put_policy(const void *bytes, size_t len)
{
	autofree char *dir = xasprintf("%s/containers", config);
	autofree char *path = xasprintf("%s/policy.json", dir);

	assert_int_equal(fs_mkdirs(AT_FDCWD, dir, 0700), 0);
	assert_int_equal(fs_replace_file(AT_FDCWD, path, bytes, len, 0644, false), 0);
}

/* The directory has a name of its own each time. */
static void print_error_text(struct buf *out)
{
	const char *text = err_text();
	const char *at = strstr(text, config);

	if (at != NULL)
		buf_addf(out, "%.*s$CONFIG%s\n", (int)(at - text), text, at + strlen(config));
	else
		buf_addf(out, "%s\n", text);
}

/* The lines behind the last brace at the beginning of a line are questions: TRANSPORT [NAME]. */
static int render(const struct buf *in, struct buf *out)
{
	struct host host = { .uid = 1000, .rootless = true };
	const char *end = strstr(in->data, "\n}\n");
	AUTO(strvec) lines = STRVEC_INIT;

	assert_non_null(end);
	put_policy(in->data, (size_t)(end + 2 - in->data));
	strvec_split(&lines, end + 3, '\n');
	for (size_t i = 0; i < lines.n; i++) {
		AUTO(strvec) words = STRVEC_INIT;
		AUTO(ref) ref = { 0 };
		int rc;

		if (lines.v[i][0] == '\0')
			continue;
		strvec_split(&words, lines.v[i], ' ');
		if (words.n > 1)
			assert_int_equal(ref_parse(words.v[1], &ref), 0);
		rc = policy_check(&host, words.v[0], words.n > 1 ? &ref : NULL);
		buf_addf(out, "%s: ", lines.v[i]);
		if (rc < 0)
			print_error_text(out);
		else
			buf_add_str(out, "good\n");
		assert_true(rc == 0 || rc == -EPERM);
	}
	return 0;
}

static void test_data(void **state)
{
	data_check("policy", render);
}

/* Files that forbid everything, and say why. */
static void test_broken(void **state)
{
	static const char *const broken[] = {
		"",
		"[]",
		"{}",
		"{\"transports\": {}}",
		"{\"default\": {}}",
		"{\"default\": []}",
		"{\"default\": [1]}",
		"{\"default\": [{}]}",
		"{\"default\": [{\"type\": 1}]}",
		"{\"default\": [{\"type\": \"insecureacceptanything\"}]}",
		"{\"default\": [{\"type\": \"insecureAcceptAnything\", \"x\": 1}]}",
		"{\"default\": [{\"type\": \"insecureAcceptAnything\"}, {\"type\": \"reject\"}]}",
		"{\"default\": [{\"type\": \"insecureAcceptAnything\"}], \"x\": 1}",
		"{\"default\": [{\"type\": \"insecureAcceptAnything\"}], \"transports\": []}",
		"{\"default\": [{\"type\": \"insecureAcceptAnything\"}], \"transports\": "
		"{\"docker\": []}}",
		"{\"default\": [{\"type\": \"insecureAcceptAnything\"}], \"transports\": "
		"{\"docker\": {\"\": []}}}",
		"{\"default\": [{\"type\": \"insecureAcceptAnything\"}], \"transports\": "
		"{\"docker\": {\"docker.io\": {\"type\": \"insecureAcceptAnything\"}}}}",
		"{\"default\": [{\"type\": \"insecureAcceptAnything\"}], \"default\": "
		"[{\"type\": \"reject\"}]}",
		"{\"default\": [{\"type\": \"insecureAcceptAnything\"}]} x",
	};
	struct host host = { .uid = 1000, .rootless = true };
	AUTO(ref) ref = { 0 };

	assert_int_equal(ref_parse("docker.io/library/x", &ref), 0);
	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		put_policy(broken[i], strlen(broken[i]));
		err_clear();
		if (policy_check(&host, "docker", &ref) == 0)
			fail_msg("accepted: %s", broken[i]);
		assert_non_null(strstr(err_text(), "policy"));
	}
}

/* A file that is there and cannot be read is no permission. */
static void test_unreadable(void **state)
{
	struct host host = { .uid = 1000, .rootless = true };
	autofree char *path = xasprintf("%s/containers/policy.json", config);

	assert_int_equal(fs_remove_tree(AT_FDCWD, path), 0);
	assert_int_equal(fs_mkdirs(AT_FDCWD, path, 0700), 0);
	assert_int_equal(policy_check(&host, "docker", NULL), -EISDIR);
	assert_int_equal(fs_remove_tree(AT_FDCWD, path), 0);
}

static int make_config(void **state)
{
	static char dir[] = "/tmp/unit-policy.XXXXXX";

	config = mkdtemp(dir);
	return config != NULL ? setenv("XDG_CONFIG_HOME", config, 1) : -1;
}

static int remove_config(void **state)
{
	return fs_remove_tree(AT_FDCWD, config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_data),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_unreadable),
	};

	return cmocka_run_group_tests(tests, make_config, remove_config);
}
