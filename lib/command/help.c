/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/out.h"
#include "base/term.h"

static int width(void)
{
	int columns = term_columns(STDOUT_FILENO);

	return columns > 120 ? 120 : columns;
}

/* The commands of one word: the groups, or the others. */
static void list_commands(struct buf *text, bool groups)
{
	for (size_t i = 0; command_list[i] != NULL; i++)
		if (command_list[i]->group == groups && strchr(command_list[i]->name, ' ') == NULL)
			buf_addf(text, "  %-12s  %s\n", command_list[i]->name,
				 command_list[i]->summary);
}

int help_overview(void)
{
	AUTO(buf) text = BUF_INIT;
	AUTO(buf) options = BUF_INIT;

	buf_add_str(&text, "Usage: berth [OPTIONS] COMMAND [ARG...]\n\n"
			   "Runs containers without a daemon.\n\n"
			   "Commands:\n");
	list_commands(&text, false);
	buf_add_str(&text, "\nGroups of commands, which 'berth GROUP' lists:\n");
	list_commands(&text, true);
	opt_describe(global_options, width(), &options);
	buf_addf(&text, "\nOptions:\n%s", options.data);
	buf_add_str(&text,
		    "\n'berth COMMAND --help' describes a command, 'man berth' all of it.\n");
	return out_raw(text.data, text.len);
}

static void list_member(const char *verb, const struct command *command, void *arg)
{
	buf_addf(arg, "  %-12s  %s\n", verb, command->summary);
}

int help_command(const struct command *command)
{
	AUTO(buf) text = BUF_INIT;
	AUTO(buf) options = BUF_INIT;

	buf_addf(&text, "Usage: berth %s%s%s\n", command->name,
		 command->synopsis[0] != '\0' ? " " : "", command->synopsis);
	if (command->alias != NULL)
		buf_addf(&text, "Also:  berth %s\n", command->alias);
	buf_addf(&text, "\n%s.\n", command->summary);
	if (command->group) {
		buf_add_str(&text, "\nCommands:\n");
		command_each_member(command, false, list_member, &text);
		buf_addf(&text, "\n'berth %s COMMAND --help' describes one of them.\n",
			 command->name);
	}
	opt_describe(command->options, width(), &options);
	if (options.len > 0)
		buf_addf(&text, "\n%s%s", strchr(" \t", options.data[0]) ? "Options:\n" : "",
			 options.data);
	if (command->remarks != NULL)
		buf_addf(&text, "\n%s\n", command->remarks);
	return out_raw(text.data, text.len);
}

static int run(const struct host *host, void *request, const struct strvec *operands)
{
	const struct command *command;
	size_t words;

	if (operands->n == 0)
		return help_overview();
	command = command_find(operands->v, &words);
	return command != NULL ? help_command(command) : -EINVAL;
}

const struct command command_help = {
	.name = "help",
	.synopsis = "[COMMAND]",
	.summary = "Describe berth or one of its commands",
	.hostless = true,
	.operands_max = 2,
	.operand_values = VALUES_COMMAND,
	.run = run,
};
