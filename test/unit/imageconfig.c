/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/imageconfig.h"

#include "base/bounds.h"
#include "data.h"

static void print_text(struct buf *out, const char *what, const char *text)
{
	if (text != NULL)
		buf_addf(out, "%s: %s\n", what, text);
}

static void print_list(struct buf *out, const char *what, const struct strvec *list)
{
	for (size_t i = 0; i < list->n; i++)
		print_text(out, what, list->v[i]);
}

static int render(const struct buf *in, struct buf *out)
{
	struct image_config c;

	TRY(imageconfig_parse(in->data, in->len, "the document", &c));
	print_text(out, "os", c.os);
	print_text(out, "architecture", c.architecture);
	print_text(out, "variant", c.variant);
	print_text(out, "created", c.created);
	print_text(out, "user", c.user);
	print_text(out, "working dir", c.working_dir);
	print_text(out, "stop signal", c.stop_signal);
	print_list(out, "env", &c.env);
	print_list(out, "entrypoint", &c.entrypoint);
	print_list(out, "cmd", &c.cmd);
	print_list(out, "volume", &c.volumes);
	print_list(out, "port", &c.exposed_ports);
	print_list(out, "label", &c.labels);
	print_list(out, "diff ID", &c.diff_ids);
	print_text(out, "health check", c.healthcheck);
	image_config_release(&c);
	return 0;
}

static void test_data(void **state)
{
	data_check("imageconfig", render);
}

static int parse_env(size_t n, size_t len)
{
	struct image_config c = { 0 };
	AUTO(buf) text = BUF_INIT;
	int rc;

	buf_add_str(&text, "{\"rootfs\":{},\"config\":{\"Env\":[");
	for (size_t i = 0; i < n; i++) {
		buf_addf(&text, "%s\"A=", i > 0 ? "," : "");
		for (size_t k = 2; k < len; k++)
			buf_add_char(&text, 'x');
		buf_add_char(&text, '"');
	}
	buf_add_str(&text, "]}}");
	rc = imageconfig_parse(text.data, text.len, "it", &c);
	image_config_release(&c);
	return rc;
}

static void test_limits(void **state)
{
	assert_int_equal(parse_env(MAX_ENV, 3), 0);
	assert_int_equal(parse_env(MAX_ENV + 1, 3), -EINVAL);
	assert_int_equal(parse_env(1, MAX_ENV_TOTAL - 1), 0);
	assert_int_equal(parse_env(1, MAX_ENV_TOTAL), -EINVAL);
}

/*
 * Every value of a full document replaced, one after the other, by values of other types: never a
 * crash (the sanitizers look), and what is taken can be released.
 */
static void replace_at(const char *text, size_t len, const char *value)
{

	for (size_t i = 0; i < len; i++) {
		AUTO(buf) twisted = BUF_INIT;
		struct image_config c = { 0 };
		size_t end = i + 1;

		if (text[i] != ':')
			continue;
		while (end < len && strchr(",}]", text[end]) == NULL)
			end++;
		buf_add(&twisted, text, i + 1);
		buf_add_str(&twisted, value);
		buf_add(&twisted, text + end, len - end);
		imageconfig_parse(twisted.data, twisted.len, "it", &c);
		image_config_release(&c);
	}
}

static void test_wrong_types(void **state)
{
	static const char *const values[] = { "null", "0",   "-1",   "1e400", "\"x\"", "[]",
					      "{}",   "[1]", "[[]]", "true",  "[null]" };
	AUTO(buf) text = BUF_INIT;

	assert_int_equal(
		fs_read_file(AT_FDCWD, TEST_DATA "/imageconfig/full.in", MAX_CONFIG, &text), 0);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		replace_at(text.data, text.len, values[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_data),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_wrong_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
