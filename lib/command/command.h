/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_COMMAND_COMMAND_H
#define BERTH_COMMAND_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/host.h"
#include "base/opt.h"
#include "base/vec.h"

/*
 * A command is one constant at the bottom of its file. The list below is the only list of commands:
 * it declares the constants, orders --help, and tells test/lint what must have a page, a test and a
 * completion.
 *
 * To add one: a file lib/command/NAME.c with `const struct command command_NAME`, a line here,
 * man/berth-NAME.1, test/run/NAME.bats.
 */
#define COMMANDS(X) \
	X(run) \
	X(ps) \
	X(rm) \
	X(load) \
	X(import) \
	X(images) \
	X(rmi) \
	X(tag) \
	X(inspect) \
	X(info) \
	X(doctor) \
	X(version) \
	X(completion) \
	X(help)

struct command {
	const char *name;                 /* "run" */
	const char *alias;                /* two words that mean the same: "image ls"; NULL */
	const char *synopsis;             /* "[OPTIONS] IMAGE [COMMAND [ARG...]]" */
	const char *summary;              /* one line, no full stop */
	const char *remarks;              /* printed below the options by --help; NULL */
	const struct opt *const *options; /* tables, ended by NULL; NULL: none */
	enum opt_mode mode;
	size_t request_size; /* of the struct that the options write to; zeroed, then given to init
			      */
	void (*init)(void *request);       /* defaults; NULL */
	size_t operands_min, operands_max; /* checked before run is called */
	enum opt_values operand_values;    /* for completion */
	/* Returns the exit status (>= 0) or a negative errno with the error recorded (exit status
	 * 125). The request's strings are freed by the caller, by the option tables. */
	int (*run)(const struct host *host, void *request, const struct strvec *operands);
	void (*release)(void *request); /* what the tables do not know; NULL */
};

#define COMMAND_DECLARE(name) extern const struct command command_##name;
COMMANDS(COMMAND_DECLARE)
#undef COMMAND_DECLARE

extern const struct command *const command_list[]; /* ended by NULL */

/* Find the command of argv ("run ..."; "image ls ..."); *ret_words is the number of words its name
 * takes. NULL with the error recorded (and the nearest name as hint). */
const struct command *command_find(char *const *argv, size_t *ret_words);

/* Options before the command: --root, --runroot, --help, --version, --log-level (accepted), ... */
struct global_request {
	char *root, *runroot;
	bool version;
};
extern const struct opt *const global_options[];

#endif
