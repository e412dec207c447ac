/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/vec.h"

#include <stdlib.h>

#include "unit.h"

static void strings(void **state)
{
	static char *const some[] = { (char *)"a", (char *)"b", (char *)"c", NULL };
	AUTO(strvec) vec = STRVEC_INIT;
	AUTO(strvec) parts = STRVEC_INIT;

	for (int i = 0; i < 1000; i++) {
		strvec_pushf(&vec, "%d", i);
		assert_null(vec.v[vec.n]);
	}
	assert_string_equal(vec.v[999], "999");
	assert_true(strvec_has(&vec, "500"));
	assert_false(strvec_has(&vec, "1000"));
	strvec_set(&vec, some);
	assert_int_equal(vec.n, 3);
	strvec_remove(&vec, 1);
	assert_int_equal(vec.n, 2);
	assert_string_equal(vec.v[1], "c");
	assert_null(vec.v[2]);
	strvec_push_all(&parts, &vec);
	assert_int_equal(parts.n, 2);
	strvec_set(&vec, NULL);
	assert_int_equal(vec.n, 0);
}

static void splitting(void **state)
{
	static const struct {
		const char *text;
		size_t n;
		const char *last;
	} rows[] = {
		{ "", 1, "" },  { "a", 1, "a" },    { "a:b", 2, "b" },
		{ ":", 2, "" }, { "a::b:", 4, "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(strvec) vec = STRVEC_INIT;

		strvec_split(&vec, rows[i].text, ':');
		assert_int_equal(vec.n, rows[i].n);
		assert_string_equal(vec.v[vec.n - 1], rows[i].last);
	}
}

static void environment(void **state)
{
	AUTO(strvec) env = STRVEC_INIT;

	env_set(&env, "A", "1");
	env_set(&env, "AB", "2");
	env_put(&env, "A=3=4");
	assert_int_equal(env.n, 2);
	assert_string_equal(env_get(&env, "A"), "3=4");
	assert_string_equal(env_get(&env, "AB"), "2");
	assert_null(env_get(&env, "B"));
	assert_null(env_get(&env, ""));
	strvec_push(&env, "A=again");
	env_unset(&env, "A");
	assert_null(env_get(&env, "A"));
	assert_int_equal(env.n, 1);
	env_unset(&env, "nothing");
	env_set(&env, "AB", "");
	assert_string_equal(env_get(&env, "AB"), "");
}

static void any_type(void **state)
{
	struct {
		struct pair {
			long a, b;
		} * v;
		size_t n;
	} vec = { 0 };

	for (long i = 0; i < 1000; i++) {
		struct pair *pair = VEC_PUSH(&vec);

		assert_int_equal(pair->a, 0);
		assert_int_equal(pair->b, 0);
		*pair = (struct pair){ i, -i };
	}
	assert_int_equal(vec.n, 1000);
	for (long i = 0; i < 1000; i++)
		assert_true(vec.v[i].a == i && vec.v[i].b == -i);
	free(vec.v);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings),
		cmocka_unit_test(splitting),
		cmocka_unit_test(environment),
		cmocka_unit_test(any_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
