/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/digest.h"

#include "base/alloc.h"
#include "unit.h"

#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define MILLION "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"

/* FIPS 180-2, appendix B. */
static void known_answers(void **state)
{
	char text[DIGEST_TEXT_SIZE], bytes[1000];
	AUTO(digest) d = { 0 };

	assert_int_equal(digest_of("", 0, text), 0);
	assert_string_equal(text, "sha256:" EMPTY);
	assert_int_equal(digest_of("abc", 3, text), 0);
	assert_string_equal(text, "sha256:" ABC);
	assert_string_equal(digest_hex(text), ABC);
	memset(bytes, 'a', sizeof(bytes));
	assert_int_equal(digest_init(&d), 0);
	for (int i = 0; i < 1000; i++)
		digest_update(&d, bytes, sizeof(bytes));
	digest_final(&d, text);
	assert_string_equal(text, "sha256:" MILLION);
	assert_null(d.ctx);
}

static void form(void **state)
{
	static const char *const bad[] = {
		"",
		"sha256:",
		EMPTY,
		"sha512:" EMPTY,
		"SHA256:" EMPTY,
		"sha256:" EMPTY "0",
		"sha256:" EMPTY "\n",
		" sha256:" EMPTY,
		"sha256:E3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"sha256:../b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85",
	};

	assert_true(digest_is_valid("sha256:" EMPTY));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(digest_is_valid(bad[i]));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers),
		cmocka_unit_test(form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
