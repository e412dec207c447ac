/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_COMMAND_COMMAND_H
#define BERTH_COMMAND_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/host.h"
#include "base/opt.h"
#include "base/vec.h"
#include "command/commands.h"

/* One command: a constant at the bottom of its file. commands.h lists them. */
struct command {
	const char *name;     /* "run", "image exists" */
	const char *alias;    /* words that mean the same: "image ls|image list"; NULL */
	const char *synopsis; /* "[OPTIONS] IMAGE [COMMAND [ARG...]]" */
	const char *summary;  /* one line, no full stop */
	const char *remarks;  /* printed below the options by --help; NULL */
	bool group;           /* only the first word of others: has none of the rest, unless run()
				 chooses among its members */
	const struct opt *const *options; /* tables, ended by NULL; NULL: none */
	enum opt_mode mode;
	bool hostless; /* run() is given no host: it works whatever is wrong with the caller's */
	size_t request_size; /* of the struct that the options write to; zeroed, then given to init
			      */
	void (*init)(void *request);       /* defaults; NULL */
	size_t operands_min, operands_max; /* checked before run is called */
	enum opt_values operand_values;    /* for completion */
	const char *operand_words;         /* VALUES_WORDS: "a|b|c" */
	/* Returns the exit status (>= 0) or a negative errno with the error recorded (exit status
	 * 125). The request's strings are freed by the caller, by the option tables. */
	int (*run)(const struct host *host, void *request, const struct strvec *operands);
	void (*release)(void *request); /* what the tables do not know; NULL */
	int failure;                    /* exit status of its errors; 0: that of all others */
};

#define OPERANDS_ANY ((size_t)-1)

#define COMMAND_DECLARE(name) extern const struct command command_##name;
COMMANDS(COMMAND_DECLARE)
COMMANDS_HIDDEN(COMMAND_DECLARE)
#undef COMMAND_DECLARE

extern const struct command *const command_list[]; /* ended by NULL; without the hidden ones */

/* Find the command of argv ("run ..."; "image ls ..."); *ret_words is the number of words its name
 * takes. NULL with the error recorded (and the nearest name as hint). */
const struct command *command_find(char *const *argv, size_t *ret_words);
/* The same for who is to be run: of a group that chooses itself among its members it is the group.
 */
const struct command *command_enter(char *const *argv, size_t *ret_words);
/* The member that operands begin with; NULL with the error recorded, but where there is none. */
const struct command *command_member(const struct command *group, const struct strvec *operands);
/* The members of a group: each(verb, command, arg) in the order of the list. With all, aliases that
 * repeat another (`image list` for `image ls`) are passed as well. */
void command_each_member(const struct command *group, bool all,
			 void (*each)(const char *verb, const struct command *command, void *arg),
			 void *arg);
/* Parse its options (argv is what follows its name), run it. Returns as command.run() does. */
int command_execute(const struct command *command, char *const *argv, const char *root,
		    const char *runroot);

/* Options before the command: --root, --runroot, --help, --version, --log-level (accepted), ... */
struct global_request {
	char *root, *runroot;
	bool version;
	struct strvec ignored;
};
extern const struct opt *const global_options[];

/* What `berth --help` and `berth COMMAND --help` print. */
int help_overview(void);
int help_command(const struct command *command);
int version_print(void);

#endif
