/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/change.h"

#include "data.h"

/* Every line is an instruction; the configuration that they make together is printed. */
static int render_into(const struct buf *in, struct image_config *config, struct buf *out)
{
	AUTO(strvec) lines = STRVEC_INIT;

	strvec_split(&lines, in->data, '\n');
	for (size_t i = 0; i < lines.n; i++)
		if (lines.v[i][0] != '\0')
			TRY(change_apply(lines.v[i], config));
	imageconfig_print(config, "test", NULL, out);
	buf_add_char(out, '\n');
	return 0;
}

static int render(const struct buf *in, struct buf *out)
{
	struct image_config config = { 0 };
	int rc = render_into(in, &config, out);

	image_config_release(&config);
	return rc;
}

static void test_data(void **state)
{
	data_check("change", render);
}

/* What is printed is what is read. */
static void test_round_trip(void **state)
{
	struct image_config config = { 0 }, again = { 0 };
	AUTO(buf) text = BUF_INIT, twice = BUF_INIT;

	assert_int_equal(change_apply("ENV A=1 B='x y'", &config), 0);
	assert_int_equal(change_apply("LABEL a=b", &config), 0);
	assert_int_equal(change_apply("VOLUME /v", &config), 0);
	assert_int_equal(change_apply("EXPOSE 80", &config), 0);
	assert_int_equal(change_apply("CMD [\"a\", \"b c\"]", &config), 0);
	imageconfig_print(&config, "test", "comment", &text);
	assert_int_equal(imageconfig_parse(text.data, text.len, "it", &again), 0);
	imageconfig_print(&again, "test", "comment", &twice);
	assert_string_equal(text.data, twice.data);
	image_config_release(&config);
	image_config_release(&again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_data),
		cmocka_unit_test(test_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
