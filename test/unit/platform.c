/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/platform.h"

#include "base/err.h"
#include "base/vec.h"
#include "data.h"

/* Lines "WANTED HAVE": how well the one serves the other. A line with one word is parsed alone. */
static int render_line(const char *line, struct buf *out)
{
	AUTO(platform) wanted = { 0 }, have = { 0 };
	AUTO(strvec) words = STRVEC_INIT, parts = STRVEC_INIT;

	strvec_split(&words, line, ' ');
	TRY(platform_parse(words.v[0], &wanted));
	if (words.n == 1) {
		platform_print(out, wanted.os, wanted.architecture, wanted.variant);
		buf_add_char(out, '\n');
		return 0;
	}
	strvec_split(&parts, words.v[1], '/');
	buf_addf(out, "%s: %d\n", line,
		 platform_rank(&wanted, parts.v[0], parts.v[1], parts.n > 2 ? parts.v[2] : NULL));
	return 0;
}

static int render(const struct buf *in, struct buf *out)
{
	AUTO(strvec) lines = STRVEC_INIT;

	strvec_split(&lines, in->data, '\n');
	for (size_t i = 0; i < lines.n; i++)
		if (lines.v[i][0] != '\0')
			TRY(render_line(lines.v[i], out));
	return 0;
}

static void test_data(void **state)
{
	data_check("platform", render);
}

static void test_host(void **state)
{
	AUTO(platform) host = { 0 }, given = { 0 };

	platform_host(&host);
	assert_int_equal(platform_parse(NULL, &given), 0);
	assert_string_equal(given.os, "linux");
	assert_string_equal(given.architecture, host.architecture);
	/* What is built for this machine without a variant runs on it. */
	assert_true(platform_rank(&host, "linux", host.architecture, NULL) >= 0);
	assert_true(platform_rank(&host, "windows", host.architecture, NULL) < 0);
	assert_true(platform_rank(&host, NULL, NULL, NULL) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_data),
		cmocka_unit_test(test_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
