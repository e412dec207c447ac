/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/ref.h"

#include "base/vec.h"
#include "data.h"

/* Every line is a reference. */
static int render(const struct buf *in, struct buf *out)
{
	AUTO(strvec) lines = STRVEC_INIT;

	strvec_split(&lines, in->data, '\n');
	if (lines.n > 1 && lines.v[lines.n - 1][0] == '\0')
		strvec_remove(&lines, lines.n - 1);
	for (size_t i = 0; i < lines.n; i++) {
		AUTO(ref) ref = { 0 };
		int rc = ref_parse(lines.v[i], &ref);

		if (rc < 0)
			return rc;
		autofree char *name = ref_name(&ref);
		autofree char *repository = ref_repository(&ref);
		autofree char *familiar = ref_familiar(&ref);
		buf_addf(out, "%s\n  name       %s\n  repository %s\n  familiar   %s\n", lines.v[i],
			 name, repository, familiar);
	}
	return 0;
}

static void test_data(void **state)
{
	data_check("ref", render);
}

/* What is shown can be typed: it means the same. */
static void test_round_trip(void **state)
{
	static const char *const names[] = { "busybox",          "a/b",
					     "localhost/x",      "docker.io/a.b/c",
					     "docker.io/x:1",    "h:5000/library/y",
					     "index.docker.io/z" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		AUTO(ref) ref = { 0 }, again = { 0 };

		assert_int_equal(ref_parse(names[i], &ref), 0);
		autofree char *familiar = ref_familiar(&ref);
		autofree char *name = ref_name(&ref);
		assert_int_equal(ref_parse(familiar, &again), 0);
		autofree char *same = ref_name(&again);
		assert_string_equal(name, same);
	}
}

static void test_limits(void **state)
{
	AUTO(ref) ref = { 0 };
	char text[512];

	/* "docker.io/" and the path: 255 at most. */
	memset(text, 'a', sizeof(text));
	text[1] = '/';
	text[245] = '\0';
	assert_int_equal(ref_parse(text, &ref), 0);
	ref_release(&ref);
	text[245] = 'a';
	text[246] = '\0';
	assert_int_equal(ref_parse(text, &ref), -EINVAL);
	/* A tag: 128 at most. */
	memset(text, 'a', sizeof(text));
	text[1] = ':';
	text[130] = '\0';
	assert_int_equal(ref_parse(text, &ref), 0);
	ref_release(&ref);
	text[130] = 'a';
	text[131] = '\0';
	assert_int_equal(ref_parse(text, &ref), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_data),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
