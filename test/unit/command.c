/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <stdlib.h>

#include "base/err.h"
#include "unit.h"

/* What is wrong with a row whatever the others are; NULL: nothing. */
static const char *defect(const struct opt *opt)
{
	bool words = opt->type == OPT_WORD || opt->type == OPT_CHOICE;
	bool strings = opt->type == OPT_STRING || opt->type == OPT_STRINGS;
	bool flag = opt->type == OPT_FLAG || opt->type == OPT_TRISTATE;

	if ((opt->flags & OPT_ALIAS) != 0)
		return opt->help != NULL ? "an alias has a help text" : NULL;
	if (opt->help == NULL || opt->help[0] == '\0' || opt->help[strlen(opt->help) - 1] == '.')
		return "help is missing, or ends with a full stop";
	if (flag != (opt->metavar == NULL) && opt->type != OPT_CALL && opt->type != OPT_IGNORED &&
	    opt->type != OPT_REFUSED)
		return "a flag has a metavar, or something else has none";
	if ((words || opt->values == VALUES_WORDS) && opt->words == NULL)
		return "words are missing";
	/* What is of one type alone shares its place. */
	if (opt->type == OPT_CALL && opt->parse == NULL)
		return "parse is missing";
	if (strings && opt->parse != NULL)
		return "parse has nothing to do";
	if (!strings && opt->type != OPT_INT && opt->type != OPT_REFUSED && opt->check != NULL)
		return "check is for strings, min for numbers, fix for what is refused";
	if (opt->type == OPT_INT && opt->min > opt->max)
		return "no number is possible";
	return NULL;
}

static size_t count_name(const struct opt *const *tables, const char *name)
{
	struct opt_walk walk = { .tables = tables };
	const struct opt *opt;
	size_t n = 0;

	while ((opt = opt_next(&walk)) != NULL)
		n += strcmp(opt->name, name) == 0;
	return n;
}

static size_t count_letter(const struct opt *const *tables, char letter)
{
	struct opt_walk walk = { .tables = tables };
	const struct opt *opt;
	size_t n = 0;

	while ((opt = opt_next(&walk)) != NULL)
		n += opt->letter == letter;
	return n;
}

static void check_tables(const char *command, const struct opt *const *tables)
{
	struct opt_walk walk = { .tables = tables };
	const struct opt *opt;

	while ((opt = opt_next(&walk)) != NULL) {
		const char *wrong = defect(opt);

		if (wrong == NULL && count_name(tables, opt->name) != 1)
			wrong = "the name is there twice";
		if (wrong == NULL && opt->letter != 0 && count_letter(tables, opt->letter) != 1)
			wrong = "the letter is there twice";
		if (wrong == NULL && strcmp(opt->name, "help") == 0)
			wrong = "--help is every command's";
		if (wrong != NULL)
			fail_msg("%s --%s: %s", command, opt->name, wrong);
	}
}

static void tables_are_sound(void **state)
{
	check_tables("", global_options);
	for (size_t i = 0; command_list[i] != NULL; i++)
		check_tables(command_list[i]->name, command_list[i]->options);
}

static void count_member(const char *verb, const struct command *command, void *arg)
{
	assert_true(verb[0] != '\0' && strchr(verb, ' ') == NULL);
	assert_false(command->group);
	++*(size_t *)arg;
}

/* A group has members and nothing to run, unless it has options of its own and chooses among them;
 * and every command of two words is in one. */
static void check_group(const struct command *command)
{
	const char *blank = strchr(command->name, ' ');
	size_t n = 0;

	assert_int_equal(command->run != NULL, !command->group || command->options != NULL);
	if (command->group) {
		command_each_member(command, false, count_member, &n);
		assert_true(n > 0);
	}
	for (size_t i = 0; blank != NULL && command_list[i] != NULL; i++)
		n += command_list[i]->group && strncmp(command_list[i]->name, command->name,
						       (size_t)(blank - command->name)) == 0;
	assert_true(blank == NULL || n == 1);
}

static void commands_are_sound(void **state)
{
	for (size_t i = 0; command_list[i] != NULL; i++) {
		const struct command *command = command_list[i];

		assert_non_null(command->name);
		check_group(command);
		assert_non_null(command->synopsis);
		assert_true(command->summary[0] != '\0');
		assert_true(command->summary[strlen(command->summary) - 1] != '.');
		assert_true(command->operands_min <= command->operands_max);
		assert_true(command->options == NULL || command->options[0] == NULL ||
			    command->request_size > 0);
	}
}

/* A request that nobody wrote to is released without harm, and so is one written to twice. */
static void requests_are_released(void **state)
{
	for (size_t i = 0; command_list[i] != NULL; i++) {
		const struct command *command = command_list[i];
		autofree void *request = xcalloc(1, command->request_size + 1);

		if (command->init != NULL)
			command->init(request);
		opt_release(command->options, request);
		if (command->release != NULL)
			command->release(request);
		opt_release(command->options, request);
	}
}

static void names_are_found(void **state)
{
	static const struct {
		const char *words[4];
		const char *name; /* NULL: none */
		size_t n;
	} rows[] = {
		{ { "run", "x" }, "run", 1 },
		{ { "image", "ls", "x" }, "images", 2 },
		{ { "container", "run" }, "run", 2 },
		{ { "image" }, "image", 1 },
		{ { "image", "nonsense" }, "image", 1 },
		{ { "manifest", "push", "x" }, "manifest push", 2 },
		{ { "image", "exists", "x" }, "image exists", 2 },
		{ { "ru" }, NULL, 0 },
		{ { "runx" }, NULL, 0 },
		{ { "" }, NULL, 0 },
		{ { "__complete" }, "__complete", 1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = 0;
		const struct command *command = command_find((char *const *)rows[i].words, &n);

		err_clear();
		if (rows[i].name == NULL) {
			assert_null(command);
			continue;
		}
		assert_non_null(command);
		assert_string_equal(command->name, rows[i].name);
		assert_int_equal(n, rows[i].n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_are_sound),
		cmocka_unit_test(commands_are_sound),
		cmocka_unit_test(requests_are_released),
		cmocka_unit_test(names_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
