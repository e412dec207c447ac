/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/template.h"

#include <stdlib.h>

#include "base/err.h"
#include "chance.h"

static const char document[] =
	"{\"ID\":\"abc\",\"N\":3,\"Big\":9007199254740993,\"F\":1.5,\"Yes\":true,\"No\":false,"
	"\"Empty\":\"\",\"Null\":null,\"List\":[\"a\",\"b\",\"c\"],\"None\":[],"
	"\"State\":{\"Pid\":12,\"Deep\":{\"X\":\"y\"}},\"Labels\":{\"b.c\":\"2\",\"a\":\"1\"},"
	"\"Objects\":[{\"K\":\"x\"},{\"K\":\"y\"}],\"Bad\":\"a\\u001b[31m\\nb\"}";

struct row {
	const char *format, *out; /* a refusal: the words that it contains, after '!' */
};

static void check(const struct row *row, const cJSON *value)
{
	AUTO(buf) out = BUF_INIT;
	int rc;

	err_clear();
	rc = template_render(row->format, value, &out);
	if (row->out[0] == '!') {
		if (rc >= 0 || strstr(err_text(), row->out + 1) == NULL)
			print_error("'%s': %d '%s'\n", row->format, rc, err_text());
		assert_true(rc < 0 && strstr(err_text(), row->out + 1) != NULL);
		return;
	}
	if (rc < 0)
		print_error("'%s': %s\n", row->format, err_text());
	assert_true(rc >= 0);
	assert_string_equal(out.data, row->out);
}

static void check_rows(const struct row *rows, size_t n)
{
	autojson cJSON *value = NULL;

	assert_int_equal(json_parse(document, strlen(document), "test", &value), 0);
	for (size_t i = 0; i < n; i++)
		check(&rows[i], value);
}

static void fields(void **state)
{
	static const struct row rows[] = {
		{ "", "" },
		{ "plain", "plain" },
		{ "{{.ID}}", "abc" },
		{ "{{ .ID }}\\t{{.N}}\\n", "abc\t3\n" },
		{ "{{.State.Deep.X}}", "y" },
		{ "{{.Big}} {{.F}} {{.Yes}}", "9007199254740993 1.5 true" },
		{ "{{.List}} {{.None}}", "[a b c] []" },
		{ "{{.Labels}}", "map[a:1 b.c:2]" },
		{ "{{.Null}}", "<no value>" },
		{ "{{$.ID}}{{$x := .N}}{{$x}}{{$x = .ID}}{{$x}}", "abc3abc" },
		{ "a {{- .ID -}} b", "aabcb" },
		{ "a{{/* }} */}}b{{- /* x */ -}} c", "abc" },
		{ "{{.Bad}}", "a\\x1b[31m\\nb" },
		{ "}} { {", "}} { {" },
		{ "{{.ID", "!without" },
		{ "{{}}", "!missing" },
		{ "{{.Id}}", "!no field 'Id'" },
		{ "{{.State.Nope}}", "!no field 'Nope'" },
		{ "{{.ID.X}}", "!not an object" },
		{ "{{$y}}", "!no variable '$y'" },
		{ "{{$y = 1}}", "!no variable '$y'" },
		{ "{{ID}}", "!no function 'ID'" },
		{ "{{.ID .N}}", "!does not begin with a function" },
		{ "{{.ID}", "!without" },
		{ "{{(.ID}}", "!')' is missing" },
		{ "{{.ID)}}", "!cannot be read" },
		{ "{{\"a}}", "!without" },
		{ "{{.ID | .N}}", "!is no function" },
	};

	check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

static void functions(void **state)
{
	static const struct row rows[] = {
		{ "{{json .}}", document },
		{ "{{json .List}} {{.List | json}}", "[\"a\",\"b\",\"c\"] [\"a\",\"b\",\"c\"]" },
		{ "{{json .Bad}}", "\"a\\u001b[31m\\nb\"" },
		{ "{{json (json .ID)}}", "\"\\\"abc\\\"\"" },
		{ "{{join .List \", \"}}{{join .None \"x\"}}", "a, b, c" },
		{ "{{upper .ID}} {{.ID | upper | lower}} {{title \"ab cd\"}}", "ABC abc Ab Cd" },
		{ "{{len .List}} {{len .ID}} {{len .Labels}} {{len .Null}}", "3 3 2 0" },
		{ "{{index .List 1}} {{index .Labels \"b.c\"}}<{{index .Labels \"no\"}}>",
		  "b 2<>" },
		{ "{{(index .Objects 1).K}}", "y" },
		{ "<{{.Labels \"no\"}}>{{if .Labels \"no\"}}no{{end}}", "<>" },
		{ "{{slice .ID 1}} {{slice .ID 0 2}} {{slice .List 1 3}}", "bc ab [b c]" },
		{ "{{split \"a:b:\" \":\" | json}}", "[\"a\",\"b\",\"\"]" },
		{ "<{{pad .ID 1 2}}><{{pad .Empty 1 2}}>", "< abc  ><>" },
		{ "{{truncate .ID 2}} {{truncate \"\xc3\xa9\" 1}}.", "ab ." },
		{ "{{print .ID 1 2 .ID}} {{println 1 .ID}}", "abc1 2abc 1 abc\n" },
		{ "{{printf \"%s-%d-%5d|%-5s|%q %v %% %x %.2f %t\" .ID .N .N .ID .ID .List 255 .F "
		  ".Yes}}",
		  "abc-3-    3|abc  |\"abc\" [a b c] % ff 1.50 true" },
		{ "{{printf \"%s\" .Bad}}", "a\\x1b[31m\\nb" },
		{ "{{eq .ID \"abc\"}} {{eq .N 1 2 3}} {{ne .N 3}} {{eq .Null nil}}",
		  "true true false true" },
		{ "{{lt 1 2}} {{le 2 2}} {{gt 1.5 2}} {{ge \"b\" \"a\"}}", "true true false true" },
		{ "{{and .Yes .ID}} {{or .No .Empty \"x\"}} {{not .None}}", "abc x true" },
		{ "{{`raw \\t`}} {{'c'}} {{\"q\\\"\"}} {{-3}} {{true}}", "raw \\t c q\" -3 true" },
		{ "{{upper .N}}", "!is not a string" },
		{ "{{upper}}", "!takes 1 to 1 arguments, not 0" },
		{ "{{index .List 3}}", "!no element 3" },
		{ "{{.ID \"a\"}}", "!does not begin with a function" },
		{ "{{.Labels 1}}", "!does not begin with a function" },
		{ "{{.Labels \"a\" \"b\"}}", "!does not begin with a function" },
		{ "{{index .ID 0}}", "!wants a list or a map" },
		{ "{{eq .ID .N}}", "!different types" },
		{ "{{join .Objects \",\"}}", "!list of strings" },
		{ "{{slice .ID 2 1}}", "!out of range" },
		{ "{{printf \"%d\" .ID}}", "!cannot print" },
		{ "{{printf \"%s\"}}", "!more directives" },
		{ "{{printf \"\" 1}}", "!more values" },
		{ "{{printf \"%99999s\" .ID}}", "!cannot be read" },
		{ "{{printf \"%n\" .N}}", "!cannot print" },
		{ "{{printf \"%\" .N}}", "!cannot be read" },
		{ "{{split .ID \"\"}}", "!separator" },
		{ "{{1x}}", "!cannot be read" },
		{ "{{\"\\q\"}}", "!unknown escape" },
	};

	check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

static void blocks(void **state)
{
	static const struct row rows[] = {
		{ "{{if .Yes}}y{{end}}{{if .No}}n{{else}}e{{end}}", "ye" },
		{ "{{if .No}}1{{else if .Empty}}2{{else if .ID}}3{{else}}4{{end}}", "3" },
		{ "{{if .No}}1{{else if .Empty}}2{{else}}4{{end}}", "4" },
		{ "{{range .List}}<{{.}}{{$.N}}>{{end}}", "<a3><b3><c3>" },
		{ "{{range .None}}x{{else}}none{{end}}{{range .Null}}x{{end}}", "none" },
		{ "{{range $i, $e := .List}}{{if $i}},{{end}}{{$i}}={{$e}}{{end}}", "0=a,1=b,2=c" },
		{ "{{range $e := .List}}{{$e}}{{end}}", "abc" },
		{ "{{range $k, $v := .Labels}}{{$k}}={{$v}};{{end}}", "b.c=2;a=1;" },
		{ "{{range .Objects}}{{.K}}{{range $.List}}{{.}}{{end}}{{end}}", "xabcyabc" },
		{ "{{with .State}}{{.Pid}}{{end}}{{with .Null}}x{{else}}no{{end}}", "12no" },
		{ "{{with $s := .State}}{{$s.Pid}}{{end}}", "12" },
		{ "{{range .List}}{{- . -}} {{end}}", "abc" },
		{ "{{if .Yes}}", "!'{{if}}' without '{{end}}'" },
		{ "{{range .List}}{{if .}}{{end}}", "!'{{range}}' without '{{end}}'" },
		{ "{{end}}", "!'{{end}}' without" },
		{ "{{else}}", "!'{{else}}' without" },
		{ "{{if .Yes}}{{else foo}}{{end}}", "!only 'else'" },
		{ "{{range .ID}}{{end}}", "!neither a list" },
		{ "{{range $i, .List}}{{end}}", "!is wanted" },
		{ "{{with $s := .State}}{{end}}{{$s}}", "!no variable" },
		{ "{{if .Nope}}{{end}}", "!no field" },
		{ "{{if}}{{end}}", "!missing" },
	};

	check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

/* Neither depth nor work grows without a limit. */
static void limits(void **state)
{
	AUTO(buf) deep = BUF_INIT;
	AUTO(buf) wide = BUF_INIT;
	AUTO(buf) nested = BUF_INIT;
	struct row row = { .out = "!" };

	for (int i = 0; i < 1000; i++)
		buf_add_str(&deep, "{{if .Yes}}");
	row.format = deep.data;
	check_rows(&row, 1);
	buf_add_str(&wide, "{{");
	for (int i = 0; i < 100000; i++)
		buf_add_char(&wide, '(');
	buf_add_str(&wide, "}}");
	row.format = wide.data;
	check_rows(&row, 1);
	for (int i = 0; i < 60; i++)
		buf_add_str(&nested, "{{range $.List}}");
	for (int i = 0; i < 60; i++)
		buf_add_str(&nested, "{{end}}");
	row = (struct row){ nested.data, "!too much" };
	check_rows(&row, 1);
}

/* Whatever somebody types is printed or refused, and within the limits. */
static void by_chance(void **state)
{
	static const char *const tokens[] = {
		"{{",
		"}}",
		"{{-",
		"-}}",
		" ",
		"|",
		".",
		".ID",
		".N",
		".List",
		".Labels",
		".Objects",
		"$",
		"$x",
		":=",
		"=",
		",",
		"(",
		")",
		"\"a\"",
		"`b`",
		"'c'",
		"12",
		"-1.5",
		"true",
		"nil",
		"{{end}}",
		"{{else}}",
		"{{if .Yes}}",
		"{{range .List}}",
		"{{with .State}}",
		"range ",
		"if ",
		"else ",
		"end",
		"index ",
		"slice ",
		"printf ",
		"\"%s %5d|%q\" ",
		"json ",
		"join ",
		"split ",
		"pad ",
		"truncate ",
		"eq ",
		"lt ",
		"and ",
		"or ",
		"not ",
		"len ",
		"upper ",
		"println ",
		"{{/* x */}}",
		"text",
		"\\t",
		"{{.ID}}",
		"99999999999999999999",
	};
	struct chance chance = chance_begin(50000);
	AUTO(buf) text = BUF_INIT;
	autojson cJSON *value = NULL;
	unsigned long printed = 0;

	assert_int_equal(json_parse(document, strlen(document), "test", &value), 0);
	for (unsigned long i = 0; i < chance.rounds; i++) {
		AUTO(buf) out = BUF_INIT;
		int rc;

		chance_text(&chance, tokens, sizeof(tokens) / sizeof(tokens[0]), &text);
		err_clear();
		rc = template_render(text.data, value, &out);
		if (rc < 0 && err_text()[0] == '\0')
			fail_msg("refused without a word: '%s'", text.data);
		assert_true(out.len <= MAX_TEMPLATE);
		printed += rc >= 0 ? 1 : 0;
	}
	/* Some of them mean something. */
	assert_true(printed > chance.rounds / 100 && printed < chance.rounds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields), cmocka_unit_test(functions), cmocka_unit_test(blocks),
		cmocka_unit_test(limits), cmocka_unit_test(by_chance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
