/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/opt.h"

#include <stdlib.h>

#include "base/err.h"
#include "unit.h"

enum color { RED, GREEN };

struct thing {
	bool a, b, quiet;
	char *name, *mode;
	struct strvec list, commas, ignored;
	int64_t number, size;
	uint64_t time;
	enum color color;
	int three;
	char *called;
	bool called_without;
};

static int parse_call(void *request, const char *value)
{
	struct thing *thing = request;

	thing->called_without = value == NULL;
	xreplace(&thing->called, value);
	return 0;
}

static int check_word(const char *value)
{
	return value[0] != '!' ? 0 : refuse("'%s' is not good", value);
}

#define AT(field) offsetof(struct thing, field)

static const struct opt first[] = {
	OPT_TITLE("First"),
	{ "all", 'a', OPT_FLAG, AT(a), .help = "flag a" },
	{ "both", 'b', OPT_FLAG, AT(b), .help = "flag b" },
	{ "name", 'n', OPT_STRING, AT(name), "NAME", "a name", .check = check_word },
	{ "called-name", 0, .flags = OPT_ALIAS },
	{ "mode", 0, OPT_WORD, AT(mode), "MODE", "a mode", 0, VALUES_WORDS, "fast|slow" },
	{ "list", 'l', OPT_STRINGS, AT(list), "WORD", "a list", .check = check_word },
	{ "commas", 0, OPT_STRINGS, AT(commas), "WORD", "words", OPT_COMMAS, .check = check_word },
	OPT_END,
};

static const struct opt second[] = {
	OPT_TITLE("Second"),
	{ "number", 'N', OPT_INT, AT(number), "N", "a number", .min = -2, .max = 10 },
	{ "size", 's', OPT_SIZE, AT(size), "SIZE", "a size" },
	{ "time", 0, OPT_DURATION, AT(time), "TIME", "a time" },
	{ "color", 0, OPT_CHOICE, AT(color), "COLOR", "a color", 0, VALUES_WORDS, "red|green" },
	{ "three", '3', OPT_TRISTATE, AT(three), .help = "given or not" },
	{ "call", 'c', OPT_CALL, 0, "VALUE", "structured", OPT_OPTIONAL_VALUE,
	  .parse = parse_call },
	{ "hidden", 0, OPT_FLAG, AT(quiet), .help = "hidden", .flags = OPT_HIDDEN },
	{ "old", 0, OPT_IGNORED, AT(ignored), "N", "it is old" },
	{ "older", 0, OPT_IGNORED, AT(ignored), .help = "it is older" },
	{ "never", 0, OPT_REFUSED, 0, "N", "it cannot be", .fix = "do something else" },
	OPT_END,
};

static const struct opt *const tables[] = { first, second, NULL };

/* Words are separated by blanks. */
static int parse(const char *line, enum opt_mode mode, struct thing *thing, struct strvec *operands,
		 bool *help)
{
	AUTO(strvec) argv = STRVEC_INIT;
	char *const none[] = { NULL };

	err_clear();
	*thing = (struct thing){ .three = -1 };
	if (line[0] != '\0')
		strvec_split(&argv, line, ' ');
	return opt_parse(tables, argv.n != 0 ? argv.v : none, mode, thing, operands, help);
}

static void release(struct thing *thing)
{
	opt_release(tables, thing);
	free(thing->called);
}

/* What was parsed, as text. */
static void show(const struct thing *t, const struct strvec *operands, bool help, struct buf *out)
{
	if (t->a)
		buf_add_str(out, " a");
	if (t->b)
		buf_add_str(out, " b");
	if (t->quiet)
		buf_add_str(out, " quiet");
	if (t->name != NULL)
		buf_addf(out, " name=%s", t->name);
	if (t->mode != NULL)
		buf_addf(out, " mode=%s", t->mode);
	for (size_t i = 0; i < t->list.n; i++)
		buf_addf(out, " list=%s", t->list.v[i]);
	for (size_t i = 0; i < t->commas.n; i++)
		buf_addf(out, " commas=%s", t->commas.v[i]);
	for (size_t i = 0; i < t->ignored.n; i++)
		buf_addf(out, " [%s]", t->ignored.v[i]);
	if (t->number != 0)
		buf_addf(out, " number=%lld", (long long)t->number);
	if (t->size != 0)
		buf_addf(out, " size=%lld", (long long)t->size);
	if (t->time != 0)
		buf_addf(out, " time=%llu", (unsigned long long)t->time);
	if (t->color == GREEN)
		buf_add_str(out, " green");
	if (t->three != -1)
		buf_addf(out, " three=%d", t->three);
	if (t->called_without)
		buf_add_str(out, " called");
	if (t->called != NULL)
		buf_addf(out, " called=%s", t->called);
	for (size_t i = 0; i < operands->n; i++)
		buf_addf(out, " (%s)", operands->v[i]);
	if (help)
		buf_add_str(out, " help");
}

struct row {
	const char *line,
		*result; /* a refusal begins with '!' and is followed by '|' and the hint */
};

static void check(const struct row *row, enum opt_mode mode)
{
	AUTO(strvec) operands = STRVEC_INIT;
	AUTO(buf) out = BUF_INIT;
	struct thing thing;
	bool help = false;

	if (parse(row->line, mode, &thing, &operands, &help) < 0)
		buf_addf(&out, "!%s|%s", err_text(), err_hint());
	else
		show(&thing, &operands, help, &out);
	release(&thing);
	assert_string_equal(out.data + (out.data[0] == ' '), row->result);
}

static void good(void **state)
{
	static const struct row rows[] = {
		{ "", "" },
		{ "x", "(x)" },
		{ "-a -b", "a b" },
		{ "-ab", "a b" },
		{ "--all --both=false", "a" },
		{ "-a -a=0", "" },
		{ "-abn x", "a b name=x" },
		{ "-abnx", "a b name=x" },
		{ "-n=x", "name=x" },
		{ "--name=x", "name=x" },
		{ "--name x", "name=x" },
		{ "--name=", "name=" },
		{ "--name=a=b", "name=a=b" },
		{ "--name --all", "name=--all" },
		{ "--name x --name y", "name=y" },
		{ "--called-name x", "name=x" },
		{ "-l x --list y -lz", "list=x list=y list=z" },
		{ "-l x,y", "list=x,y" },
		{ "--commas x,y --commas z", "commas=x commas=y commas=z" },
		{ "--mode fast", "mode=fast" },
		{ "-N -2 --number=10", "number=10" },
		{ "-s 1k", "size=1024" },
		{ "-s -1", "size=-1" },
		{ "--time 1m30s", "time=90000000" },
		{ "--color green", "green" },
		{ "--three x", "three=1 (x)" },
		{ "--three=false", "three=0" },
		{ "-a3 --three=0 -3=1", "a three=1" },
		{ "--call", "called" },
		{ "--call=v x", "called=v (x)" },
		{ "--call v", "called (v)" },
		{ "--hidden", "quiet" },
		{ "--old 3 --older",
		  "[--old is ignored: it is old] [--older is ignored: it is older]" },
		{ "--older=x", "[--older is ignored: it is older]" },
		{ "- -a", "a (-)" },
		{ "x -a y", "a (x) (y)" },
		{ "-- -a", "(-a)" },
		{ "x -- -a", "(x) (-a)" },
		{ "-h -x", "help" },
		{ "-a --help", "a help" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(&rows[i], OPT_ANYWHERE);
}

static void bad(void **state)
{
	static const struct row rows[] = {
		{ "--nmae x", "!unknown option '--nmae'|did you mean '--name'?" },
		{ "--nmae=x", "!unknown option '--nmae'|did you mean '--name'?" },
		{ "--zzzzzz", "!unknown option '--zzzzzz'|" },
		{ "--hiden", "!unknown option '--hiden'|" },
		{ "--hepl", "!unknown option '--hepl'|did you mean '--help'?" },
		{ "-z", "!unknown option '-z'|" },
		{ "-az", "!unknown option '-z'|" },
		{ "--=x", "!unknown option '--'|" },
		{ "--name", "!--name needs a value: NAME|" },
		{ "-n", "!-n needs a value: NAME|" },
		{ "-n !", "!-n: '!' is not good|" },
		{ "--commas x,!", "!--commas: '!' is not good|" },
		{ "--all=maybe", "!--all: 'maybe' is neither true nor false|" },
		{ "--three=-1", "!--three: '-1' is neither true nor false|" },
		{ "--mode fats", "!--mode: 'fats' is not fast or slow|did you mean 'fast'?" },
		{ "--color blue", "!--color: 'blue' is not red or green|" },
		{ "--number 11", "!--number: '11' is out of range: -2 to 10 is possible|" },
		{ "--number x",
		  "!--number: 'x' is not a number: only decimal digits and '-' are|" },
		{ "--size x", "!--size: 'x' is not a size: 512m, 1.5g, 65536 are|" },
		{ "--time x", "!--time: 'x' is not a duration: 90, 1m30s, 500ms are|" },
		{ "--never 3", "!--never: it cannot be|do something else" },
		{ "--never", "!--never: it cannot be|do something else" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(&rows[i], OPT_ANYWHERE);
}

/* A long name with one dash is taken for letters; the hint says so where the first is none. */
static void one_dash(void **state)
{
	static const struct row rows[] = {
		{ "-name", "name=ame" },
		{ "-hidden", "help" },
		{ "-mode", "!unknown option '-m'|did you mean '--mode'?" },
		{ "-mode=fast", "!unknown option '-m'|did you mean '--mode=fast'?" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(&rows[i], OPT_ANYWHERE);
}

static void payload(void **state)
{
	static const struct row rows[] = {
		{ "-a x -b --nope", "a (x) (-b) (--nope)" },
		{ "-a -- x -- -b", "a (x) (--) (-b)" },
		{ "- -b", "(-) (-b)" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(&rows[i], OPT_STOP_AT_OPERAND);
}

static void nearest(void **state)
{
	static const char *const words[] = { "run", "rm", "rmi", "images", "version", "memory" };
	static const struct {
		const char *text, *nearest;
	} rows[] = {
		{ "rnu", "run" },       { "image", "images" },  { "verison", "version" },
		{ "memroy", "memory" }, { "ver", "version" },   { "xyz", NULL },
		{ "r", NULL },          { "build", NULL },      { "", NULL },
		{ "runn", "run" },      { "memoryswap", NULL },
	};
	char longest[1000];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *found = opt_nearest(rows[i].text, words, 6);

		if (rows[i].nearest == NULL)
			assert_null(found);
		else
			assert_string_equal(found, rows[i].nearest);
	}
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_null(opt_nearest(longest, words, 6));
}

static void description(void **state)
{
	AUTO(buf) out = BUF_INIT;

	opt_describe(tables, 80, &out);
	assert_non_null(strstr(out.data, "First:\n"));
	assert_non_null(strstr(out.data, "  -n, --name NAME"));
	assert_non_null(strstr(out.data, "\n\nSecond:\n"));
	assert_non_null(strstr(out.data, "--call[=VALUE]"));
	assert_null(strstr(out.data, "hidden"));
	assert_null(strstr(out.data, "called-name"));
	assert_null(strstr(out.data, "never"));
	for (const char *line = out.data; *line != '\0'; line += strcspn(line, "\n") + 1)
		assert_true(strcspn(line, "\n") <= 80);
}

static void finding(void **state)
{
	assert_string_equal(opt_find(tables, "--called-name")->name, "name");
	assert_string_equal(opt_find(tables, "-n")->name, "name");
	assert_null(opt_find(tables, "-nn"));
	assert_null(opt_find(tables, "--"));
	assert_null(opt_find(tables, "-"));
	assert_null(opt_find(tables, "name"));
	assert_null(opt_find(tables, ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),    cmocka_unit_test(bad),     cmocka_unit_test(one_dash),
		cmocka_unit_test(payload), cmocka_unit_test(nearest), cmocka_unit_test(description),
		cmocka_unit_test(finding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
