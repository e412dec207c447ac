/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/toml.h"

#include "base/bounds.h"
#include "data.h"

static int render(const struct buf *in, struct buf *out)
{
	autojson cJSON *json = NULL;

	TRY(toml_parse(in->data, in->len, "it", &json));
	json_print(json, true, out);
	buf_add_char(out, '\n');
	return 0;
}

static void test_data(void **state)
{
	data_check("toml", render);
}

static int parse(const char *text, size_t len)
{
	autojson cJSON *json = NULL;

	return toml_parse(text, len, "it", &json);
}

/* Each is invalid, for the reason that the message begins with. */
static void test_invalid(void **state)
{
	static const char *const cases[][2] = {
		{ "a = 1 b = 2", "something follows the value" },
		{ "a = \"x\" y", "something follows the value" },
		{ "[t] a = 1", "something follows the value" },
		{ "a", "a '=' is missing" },
		{ "a = ", "a value is missing" },
		{ "a = # no", "a value is missing" },
		{ "= 1", "a key is missing" },
		{ "a. = 1", "a key is missing" },
		{ ".a = 1", "a key is missing" },
		{ "[]", "a key is missing" },
		{ "[a.]", "a key is missing" },
		{ "\"\"\"a\"\"\" = 1", "a '=' is missing" },
		{ "\303\244 = 1", "a key is missing" },
		{ "a b = 1", "a '=' is missing" },
		{ "a\n= 1", "a '=' is missing" },
		{ "[a", "a closing bracket" },
		{ "[[a]", "a closing bracket" },
		{ "[[a] ]", "a closing bracket" },
		{ "[ [a]]", "a key is missing" },
		{ "[a]]", "something follows the value" },
		{ "a = 1\na = 2", "'a' is there already" },
		{ "a = 1\n\"a\" = 2", "'a' is there already" },
		{ "a = 1\na.b = 2", "'a' is there already" },
		{ "a.b = 1\na = 2", "'a' is there already" },
		{ "[a]\n[a]", "'a' is there already" },
		{ "a = 1\n[a]", "'a' is there already" },
		{ "a = 1\n[a.b]", "'a' is there already" },
		{ "a = {}\n[a.b]", "'a' is there already" },
		/* Numbers that stand for nothing else. */
		{ "a = 1\n[a.b]", "'a' is there already" },
		{ "a = 2\n[a]", "'a' is there already" },
		{ "a = 3\na.b = 1", "'a' is there already" },
		{ "a = 4\n[a.b]", "'a' is there already" },
		{ "a = 4\n[[a]]", "'a' is there already" },
		{ "a = {}\na.b = 1", "'a' is there already" },
		{ "a = { b = 1, b = 2 }", "'b' is there already" },
		{ "a = { b = {}, b.c = 2 }", "'b' is there already" },
		{ "a.b = 1\n[a]", "'a' is there already" },
		{ "[f]\na.b.c = 1\n[f.a]", "'a' is there already" },
		{ "[f]\na.b.c = 1\n[f.a.b]", "'b' is there already" },
		{ "[a.b.c]\nz = 9\n[a]\nb.c.t = 1", "'b' is there already" },
		{ "[a.b]\nc = 1\n[a]\nb = 1", "'b' is there already" },
		{ "[[a.b]]\n[a]\nb.y = 2", "'b' is there already" },
		{ "a = []\n[[a]]", "'a' is there already" },
		{ "a = [{}]\n[a.b]", "'a' is there already" },
		{ "[a]\n[[a]]", "'a' is there already" },
		{ "[a.b]\n[[a]]", "'a' is there already" },
		{ "[[a]]\n[a]", "'a' is there already" },
		{ "a = { b = 1, }", "a key is missing" },
		{ "a = { b = 1\n}", "a comma or a closing brace" },
		{ "a = {\nb = 1 }", "a key is missing" },
		{ "a = { b = 1 c = 2 }", "a comma or a closing brace" },
		{ "a = [1 2]", "a comma or a closing bracket" },
		{ "a = [,]", "a value is missing" },
		{ "a = [1,,2]", "a value is missing" },
		{ "a = [1", "a comma or a closing bracket" },
		{ "a = 01", "a value is missing or malformed" },
		{ "a = -01", "a value is missing or malformed" },
		{ "a = 1_", "a value is missing or malformed" },
		{ "a = _1", "a value is missing or malformed" },
		{ "a = 1__2", "a value is missing or malformed" },
		{ "a = 1.", "a number is malformed" },
		{ "a = .1", "a value is missing or malformed" },
		{ "a = 1.e5", "a number is malformed" },
		{ "a = 1e", "a number is malformed" },
		{ "a = 1.5.2", "a number is malformed" },
		{ "a = 0x", "a number is malformed" },
		{ "a = +0x1", "a number is malformed" },
		{ "a = 0xg", "a number is malformed" },
		{ "a = 0b2", "a number is malformed" },
		{ "a = 0X1", "a number is malformed" },
		{ "a = 9223372036854775808", "an integer of more than 64 bits" },
		{ "a = 1e999", "a number that is too large" },
		{ "a = True", "a value is missing or malformed" },
		{ "a = bare", "a value is missing or malformed" },
		{ "a = 2023-02-29", "a date or a time is malformed" },
		{ "a = 2023-13-01", "a date or a time is malformed" },
		{ "a = 2023-1-01", "a date or a time is malformed" },
		{ "a = 2023-01-01T", "a date or a time is malformed" },
		{ "a = 2023-01-01T25:00:00", "a date or a time is malformed" },
		{ "a = 2023-01-01T10:00", "a date or a time is malformed" },
		{ "a = 2023-01-01T10:00:00.", "a date or a time is malformed" },
		{ "a = 2023-01-01T10:00:00+1", "a date or a time is malformed" },
		{ "a = 2023-01-01.10:00:00", "a date or a time is malformed" },
		{ "a = 10:00:00Z", "a date or a time is malformed" },
		{ "a = \"x", "a string without an end" },
		{ "a = \"x\ny\"", "a string without an end" },
		{ "a = 'x\ny'", "a string without an end" },
		{ "a = \"\"\"x", "a string without an end" },
		{ "a = \"\"\"x\"\"\"\"\"\"", "something follows the value" },
		{ "a = \"\\x41\"", "an unknown escape" },
		{ "a = \"\\u12\"", "a \\u escape without" },
		{ "a = \"\\ud800\"", "a \\u escape that is no character" },
		{ "a = \"\\U00110000\"", "a \\u escape that is no character" },
		{ "a = \"\\u0000\"", "a NUL in a string" },
		{ "a = \"\"\"a \\ b\"\"\"", "an unknown escape" },
		{ "a = \"\001\"", "a control character" },
		{ "a = '\177'", "a control character" },
		{ "# \001", "a control character" },
		{ "a = \"\377\"", "invalid UTF-8" },
		{ "# \300\200", "invalid UTF-8" },
		{ "a = 1\rb = 2", "something follows the value" },
		{ "# a\rb", "a control character" },
		{ "\357\273\277a = 1", "a key is missing" },
	};
	int bad = 0;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autofree char *wanted = xasprintf("'it' is not valid TOML: %s", cases[i][1]);

		if (parse(cases[i][0], strlen(cases[i][0])) == -EINVAL &&
		    strncmp(err_text(), wanted, strlen(wanted)) == 0)
			continue;
		print_error("%s\n--- wanted: %s\n--- got: %s\n", cases[i][0], wanted, err_text());
		bad++;
	}
	assert_int_equal(bad, 0);
	assert_int_equal(parse("a = '\0'", 7), -EINVAL);
}

static void test_line(void **state)
{
	const char *text = "a = 1\n\n[b]\nc = 'x\n";

	assert_int_equal(parse(text, strlen(text)), -EINVAL);
	assert_string_equal(err_text(), "'it' is not valid TOML: a string without an end (line 4)");
}

static int parse_nested(size_t levels)
{
	AUTO(buf) text = BUF_INIT;

	buf_add_str(&text, "a = ");
	for (size_t i = 0; i < levels; i++)
		buf_add_char(&text, '[');
	for (size_t i = 0; i < levels; i++)
		buf_add_char(&text, ']');
	return parse(text.data, text.len);
}

static int parse_dotted(size_t parts)
{
	AUTO(buf) text = BUF_INIT;

	for (size_t i = 0; i < parts; i++)
		buf_add_str(&text, i > 0 ? ".a" : "a");
	buf_add_str(&text, " = 1\n");
	return parse(text.data, text.len);
}

static int parse_many(size_t values)
{
	AUTO(buf) text = BUF_INIT;

	buf_add_str(&text, "a = [");
	for (size_t i = 0; i < values; i++)
		buf_add_str(&text, "1,");
	buf_add_char(&text, ']');
	return parse(text.data, text.len);
}

static void test_limits(void **state)
{
	AUTO(buf) text = BUF_INIT;

	assert_int_equal(parse_nested(MAX_JSON_DEPTH - 1), 0);
	assert_int_equal(parse_nested(MAX_JSON_DEPTH), -EINVAL);
	assert_int_equal(parse_dotted(MAX_JSON_DEPTH), 0);
	assert_int_equal(parse_dotted(MAX_JSON_DEPTH + 1), -EINVAL);
	assert_int_equal(parse_dotted(100000), -EINVAL);
	/* The key and its array are two. */
	assert_int_equal(parse_many(MAX_TOML_NODES - 2), 0);
	assert_int_equal(parse_many(MAX_TOML_NODES - 1), -EINVAL);
	while (text.len < MAX_TOML)
		buf_add_char(&text, '\n');
	assert_int_equal(parse(text.data, text.len), 0);
	assert_int_equal(parse(text.data, text.len + 1), -EFBIG);
}

/* The getters of JSON read it. */
static void test_getters(void **state)
{
	const char *text = "big = 0x7fffffffffffffff\nok = true\nlist = ['a', 'b']\n[t]\ns = 'x'\n";
	autojson cJSON *json = NULL;
	AUTO(strvec) list = STRVEC_INIT;
	const cJSON *table = NULL;
	const char *string = NULL;
	int64_t number = 0;
	bool ok = false;

	assert_int_equal(toml_parse(text, strlen(text), "it", &json), 0);
	assert_int_equal(json_get_int(json, "big", 0, INT64_MAX, &number), 1);
	assert_true(number == INT64_MAX);
	assert_int_equal(json_get_bool(json, "ok", &ok), 1);
	assert_true(ok);
	assert_int_equal(json_get_strings(json, "list", &list), 1);
	assert_string_equal(list.v[1], "b");
	assert_int_equal(json_get_object(json, "t", &table), 1);
	assert_int_equal(json_get_string(table, "s", &string), 1);
	assert_string_equal(string, "x");
	assert_int_equal(json_get_bool(table, "s", &ok), -EINVAL);
	assert_string_equal(err_text(), "'t.s' is not true or false");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_data),    cmocka_unit_test(test_invalid),
		cmocka_unit_test(test_line),    cmocka_unit_test(test_limits),
		cmocka_unit_test(test_getters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
