/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/json.h"

#include <stdlib.h>

#include "base/bounds.h"
#include "base/err.h"
#include "unit.h"

static int parse(const char *text, cJSON **ret_json)
{
	return json_parse(text, strlen(text), "x.json", ret_json);
}

static void refused_documents(void **state)
{
	static const char *const bad[] = {
		"",
		" ",
		"{",
		"[1,]",
		"{\"a\":1,}",
		"{\"a\" 1}",
		"{a:1}",
		"{'a':1}",
		"[1 2]",
		"{\"a\":1,\"a\":2}",
		"{\"a\":{\"b\":[{\"c\":1,\"d\":2,\"c\":3}]}}",
		"{\"\\u0061\":1,\"a\":2}",
		"\"\\u0000\"",
		"{\"a\\u0000b\":1}",
		"\"\\ud800\"",
		"\"\\ud800\\u0041\"",
		"\"\\udc00\"",
		"\"\\u12g4\"",
		"\"\\x41\"",
		"\"\x01\"",
		"\"a\nb\"",
		"\"\xff\"",
		"\"\xc0\xaf\"",
		"\"\xed\xa0\x80\"",
		"\"\xf4\x90\x80\x80\"",
		"\"\xe2\x82\"",
		"\"abc",
		"\"abc\\",
		"01",
		"-01",
		"-",
		"+1",
		".5",
		"1.",
		"1e",
		"1e+",
		"0x10",
		"1e400",
		"-1e400",
		"NaN",
		"Infinity",
		"tru",
		"True",
		"nul",
		"{}x",
		"{} {}",
		"[]\v",
		"\xef\xbb\xbf{}",
		"{\"a\":1}/* */",
		"// \n{}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		cJSON *json = NULL;

		err_clear();
		if (parse(bad[i], &json) != -EINVAL)
			fail_msg("accepted: %s", bad[i]);
		assert_null(json);
		assert_non_null(strstr(err_text(), "'x.json' is not valid JSON"));
	}
}

static void a_nul_in_the_bytes(void **state)
{
	static const char raw[] = "{\"a\":\"b\0c\"}";
	static const char after[] = "{}\0";
	cJSON *json = NULL;

	assert_int_equal(json_parse(raw, sizeof(raw) - 1, "x", &json), -EINVAL);
	assert_int_equal(json_parse(after, sizeof(after) - 1, "x", &json), -EINVAL);
}

static void accepted_documents(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ " { } ", "{}" },
		{ "[ ]", "[]" },
		{ "{\"a\":1,\"A\":2}", "{\"a\":1,\"A\":2}" },
		{ "[true,false,null]", "[true,false,null]" },
		{ "9007199254740993", "9007199254740993" },
		{ "[0,-0,0.5,1E3,1e-3]", "[0,-0,0.5,1E3,1e-3]" },
		{ "\"\\u00e4\\ud83d\\ude00\\/\\n\"", "\"\xc3\xa4\xf0\x9f\x98\x80/\\n\"" },
		{ "\"\\u202e\\u001b\"", "\"\\u202e\\u001b\"" },
		{ "\"\\\"\\\\\\b\\f\\r\\t\"", "\"\\\"\\\\\\b\\f\\r\\t\"" },
		{ "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]", "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autojson cJSON *json = NULL;
		AUTO(buf) out = BUF_INIT;

		assert_int_equal(parse(rows[i].in, &json), 0);
		json_print(json, false, &out);
		assert_string_equal(out.data, rows[i].out);
	}
}

static void depth(void **state)
{
	for (size_t n = MAX_JSON_DEPTH; n <= MAX_JSON_DEPTH + 1; n++) {
		autojson cJSON *json = NULL;
		AUTO(buf) text = BUF_INIT;

		for (size_t i = 0; i < n; i++)
			buf_add_char(&text, '[');
		for (size_t i = 0; i < n; i++)
			buf_add_char(&text, ']');
		assert_int_equal(parse(text.data, &json), n <= MAX_JSON_DEPTH ? 0 : -EINVAL);
	}
	/* A million of them must not reach the end of the stack. */
	{
		AUTO(buf) text = BUF_INIT;
		cJSON *json = NULL;

		memset(buf_reserve(&text, 1000000), '[', 1000000);
		assert_int_equal(json_parse(text.data, 1000000, "x", &json), -EINVAL);
	}
}

static void number_of_nodes(void **state)
{
	for (size_t n = MAX_JSON_NODES - 1; n <= MAX_JSON_NODES; n++) {
		autojson cJSON *json = NULL;
		AUTO(buf) text = BUF_INIT;

		buf_add_str(&text, "[0");
		for (size_t i = 1; i < n; i++)
			buf_add_str(&text, ",0");
		buf_add_char(&text, ']');
		assert_int_equal(parse(text.data, &json), n < MAX_JSON_NODES ? 0 : -EINVAL);
	}
}

static void getters(void **state)
{
	static const char text[] =
		"{\"s\":\"x\",\"n\":null,\"t\":true,\"i\":9223372036854775807,\"j\":2147483648,"
		"\"k\":1.0,\"l\":1e2,\"m\":9223372036854775808,\"a\":[\"x\",\"y\"],"
		"\"o\":{\"Env\":[\"a\",\"b\",3]}}";
	autojson cJSON *json = NULL;
	AUTO(strvec) list = STRVEC_INIT;
	const cJSON *object = NULL;
	const char *s = "before";
	int64_t i = 4711;
	bool b = false;

	assert_int_equal(parse(text, &json), 0);
	assert_int_equal(json_get_string(json, "S", &s), 0);
	assert_int_equal(json_get_string(json, "n", &s), 0);
	assert_string_equal(s, "before");
	assert_int_equal(json_get_string(json, "s", &s), 1);
	assert_string_equal(s, "x");
	assert_int_equal(json_get_string(json, "t", &s), -EINVAL);
	assert_int_equal(json_get_bool(json, "t", &b), 1);
	assert_true(b);
	assert_int_equal(json_get_bool(json, "i", &b), -EINVAL);
	/* Neither is what a double would make of it. */
	assert_int_equal(json_get_int(json, "i", INT64_MIN, INT64_MAX, &i), 1);
	assert_true(i == INT64_MAX);
	assert_int_equal(json_get_int(json, "m", INT64_MIN, INT64_MAX, &i), -EINVAL);
	assert_int_equal(json_get_int(json, "j", 0, INT32_MAX, &i), -EINVAL);
	assert_int_equal(json_get_int(json, "j", 0, UINT32_MAX, &i), 1);
	assert_int_equal(i, 2147483648);
	assert_int_equal(json_get_int(json, "k", 0, 10, &i), -EINVAL);
	assert_int_equal(json_get_int(json, "l", 0, 1000, &i), -EINVAL);
	assert_int_equal(json_get_int(json, "s", 0, 10, &i), -EINVAL);
	assert_int_equal(json_get_strings(json, "a", &list), 1);
	assert_int_equal(list.n, 2);
	assert_int_equal(json_get_object(json, "a", &object), -EINVAL);
	assert_int_equal(json_get_object(json, "o", &object), 1);
	assert_int_equal(json_get_strings(object, "Env", &list), -EINVAL);
	assert_string_equal(err_text(), "'o.Env[2]' is not a string");
	assert_int_equal(list.n, 2);
}

static void writers(void **state)
{
	static const char pretty[] = "{\n    \"a\": \"x\",\n    \"n\": 1099511627776000,\n"
				     "    \"l\": [\n        \"p\"\n    ],\n    \"o\": {}\n}";
	autojson cJSON *json = json_object();
	AUTO(strvec) list = STRVEC_INIT;
	AUTO(buf) out = BUF_INIT;
	int64_t i = 0;

	strvec_push(&list, "p");
	json_add_string(json, "a", "x");
	json_add_string(json, "none", NULL);
	json_add_int(json, "n", 1099511627776000);
	json_add_strings(json, "l", &list);
	json_add_object(json, "o");
	json_print(json, true, &out);
	assert_string_equal(out.data, pretty);
	/* What was built is read like what was parsed. */
	assert_int_equal(json_get_int(json, "n", 0, INT64_MAX, &i), 1);
	assert_true(i == 1099511627776000);
	buf_clear(&out);
	json_push_string(json_add_array(json, "bad"), "\xff\x1b");
	json_print(cJSON_GetObjectItemCaseSensitive(json, "bad"), false, &out);
	assert_string_equal(out.data, "[\"\xef\xbf\xbd\\u001b\"]");
}

/* Quadratic searching for duplicates would take minutes. */
static void many_keys(void **state)
{
	autojson cJSON *json = NULL;
	AUTO(buf) text = BUF_INIT;

	buf_add_char(&text, '{');
	for (int i = 0; i < 90000; i++)
		buf_addf(&text, "%s\"k%d\":0", i != 0 ? "," : "", i);
	buf_add_char(&text, '}');
	assert_int_equal(parse(text.data, &json), 0);
	buf_truncate(&text, text.len - 1);
	buf_add_str(&text, ",\"k17\":1}");
	assert_int_equal(parse(text.data, &(cJSON *){ NULL }), -EINVAL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused_documents),
		cmocka_unit_test(a_nul_in_the_bytes),
		cmocka_unit_test(accepted_documents),
		cmocka_unit_test(depth),
		cmocka_unit_test(number_of_nodes),
		cmocka_unit_test(getters),
		cmocka_unit_test(writers),
		cmocka_unit_test(many_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
