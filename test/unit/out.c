/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/out.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "base/json.h"
#include "unit.h"

/* What is printed to stdout while it is captured. */
static int saved = -1;

static void capture(void)
{
	int fd = memfd_create("stdout", MFD_CLOEXEC);

	fflush(stdout);
	saved = dup(STDOUT_FILENO);
	dup2(fd, STDOUT_FILENO);
	close(fd);
}

static char *captured(void)
{
	static char text[4096];
	ssize_t n = pread(STDOUT_FILENO, text, sizeof(text) - 1, 0);

	dup2(saved, STDOUT_FILENO);
	close(saved);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

struct item {
	const char *name, *size;
};

static void print_name(struct buf *out, const void *row)
{
	buf_add_str(out, ((const struct item *)row)->name);
}

static void print_size(struct buf *out, const void *row)
{
	buf_add_str(out, ((const struct item *)row)->size);
}

/* A field that is costly to find: not to be printed unless it is named. */
static void print_costly(struct buf *out, const void *row)
{
	fail_msg("a field was computed that nobody asked for");
}

static const struct out_field fields[] = {
	{ "Name", "NAME", true, print_name },
	{ "Size", "SIZE", true, print_size },
	{ NULL },
};

static const struct out_field with_costly[] = {
	{ "Name", "NAME", true, print_name },
	{ "Costly", "COSTLY", false, print_costly },
	{ NULL },
};

static const struct item items[] = { { "a", "10 MB" }, { "caf\xc3\xa9\x1b[m", "1\t\n2" } };

static char *list(const struct out_field *table, const char *format, bool headings)
{
	struct out_list out;

	assert_int_equal(out_list_begin(&out, table, format), 0);
	out.headings = headings;
	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++)
		assert_int_equal(out_list_row(&out, &items[i]), 0);
	capture();
	assert_int_equal(out_list_end(&out), 0);
	return captured();
}

static void formats(void **state)
{
	static const struct {
		const char *format;
		bool headings;
		const char *out;
	} rows[] = {
		{ NULL, true,
		  "NAME         SIZE\n"
		  "a            10 MB\n"
		  "caf\xc3\xa9\\x1b[m   1\\x09\\n2\n" },
		{ "table", false,
		  "a            10 MB\n"
		  "caf\xc3\xa9\\x1b[m   1\\x09\\n2\n" },
		{ "{{.Name}}", true, "a\ncaf\xc3\xa9\\x1b[m\n" },
		{ "{{.Size}}\\t{{.Name}}", true, "10 MB\ta\n1\\x09\\n2\tcaf\xc3\xa9\\x1b[m\n" },
		{ "table {{.Size}}\\t{{.Name}}", true,
		  "SIZE       NAME\n10 MB      a\n1\\x09\\n2   caf\xc3\xa9\\x1b[m\n" },
		{ "table {{upper .Name}}", false, "A\nCAF\xc3\xa9\\x1b[M\n" },
		{ "jsonl", true,
		  "{\"Name\":\"a\",\"Size\":\"10 MB\"}\n"
		  "{\"Name\":\"caf\xc3\xa9\\u001b[m\",\"Size\":\"1\\t\\n2\"}\n" },
		{ "{{json .Size}}", true, "\"10 MB\"\n\"1\\t\\n2\"\n" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(list(fields, rows[i].format, rows[i].headings), rows[i].out);
}

static void json_is_an_array(void **state)
{
	autojson cJSON *json = NULL;
	const char *text = list(fields, "json", true);

	assert_int_equal(json_parse(text, strlen(text), "test", &json), 0);
	assert_true(cJSON_IsArray(json) && cJSON_GetArraySize(json) == 2);
}

static void empty_lists(void **state)
{
	static const char *const formats_and_texts[][2] = {
		{ NULL, "NAME   SIZE\n" },
		{ "json", "[]\n" },
		{ "jsonl", "" },
		{ "{{.Name}}", "" },
		{ "table {{.Name}}", "NAME\n" },
	};
	struct out_list out;

	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(out_list_begin(&out, fields, formats_and_texts[i][0]), 0);
		capture();
		assert_int_equal(out_list_end(&out), 0);
		assert_string_equal(captured(), formats_and_texts[i][1]);
	}
}

/* A wrong template is refused before there is any row. */
static void refused_formats(void **state)
{
	static const char *const bad[] = { "{{.Nope}}", "{{", "table {{.name}}", "{{end}}" };
	struct out_list out;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_true(out_list_begin(&out, fields, bad[i]) < 0);
		assert_non_null(strstr(err_text(), "--format: "));
		out_list_release(&out);
	}
}

static void only_what_is_asked_for(void **state)
{
	assert_string_equal(list(with_costly, "{{.Name}}", true), "a\ncaf\xc3\xa9\\x1b[m\n");
	assert_non_null(list(with_costly, NULL, true));
}

static void lines_are_escaped(void **state)
{
	capture();
	assert_int_equal(out_line("a%s", "\x1b[31m\nb"), 0);
	assert_string_equal(captured(), "a\\x1b[31m\\nb\n");
}

static void texts_are_cut(void **state)
{
	static const struct {
		const char *text;
		size_t max;
		const char *want;
	} cases[] = {
		{ "", 3, "" },
		{ "abc", 3, "abc" },
		{ "abcd", 3, "ab\xe2\x80\xa6" },
		{ "abcd", 0, "abcd" },
		{ "a\tb\r\nc", 0, "a b  c" },
		/* Characters, not bytes; a byte that is none counts as one. */
		{ "\xc3\xa4\xc3\xa4\xc3\xa4", 3, "\xc3\xa4\xc3\xa4\xc3\xa4" },
		{ "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4", 3, "\xc3\xa4\xc3\xa4\xe2\x80\xa6" },
		{ "\xff\xff\xff\xff", 3, "\xff\xff\xe2\x80\xa6" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		AUTO(buf) out = BUF_INIT;

		out_cut(&out, cases[i].text, cases[i].max);
		assert_string_equal(out.data, cases[i].want);
	}
}

static void values(void **state)
{
	autojson cJSON *value = json_object();

	json_add_string(value, "A", "b");
	capture();
	assert_int_equal(out_value("{{.A}}", value), 0);
	assert_string_equal(captured(), "b\n");
	capture();
	assert_int_equal(out_value(NULL, value), 0);
	assert_string_equal(captured(), "{\n    \"A\": \"b\"\n}\n");
	assert_true(out_value("{{.B}}", value) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats),
		cmocka_unit_test(json_is_an_array),
		cmocka_unit_test(empty_lists),
		cmocka_unit_test(refused_formats),
		cmocka_unit_test(only_what_is_asked_for),
		cmocka_unit_test(lines_are_escaped),
		cmocka_unit_test(texts_are_cut),
		cmocka_unit_test(values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
