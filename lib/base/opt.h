/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BASE_OPT_H
#define BERTH_BASE_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/vec.h"

/*
 * Option tables. A command's options are rows of `struct opt`; the parser writes the values into
 * the command's request struct at `offset`. The same rows print --help, answer the shells'
 * completion, and are compared with the man page by test/lint.
 *
 * Syntax as of GNU and docker: -x, -xVALUE, -x=VALUE, -x VALUE, -xyz (flags bundled), --name,
 * --name=VALUE, --name VALUE; flags take =true and =false; "--" ends the options; with
 * OPT_STOP_AT_OPERAND the first operand ends them as well. An unknown name is refused with the
 * nearest one that exists.
 */
enum opt_type {
	OPT_FLAG,     /* bool */
	OPT_TRISTATE, /* int: 1 or 0, given as a flag is; a default of -1 tells that it was not */
	OPT_STRING,   /* char *: owned; the last one wins */
	OPT_STRINGS,  /* struct strvec: repeated options append */
	OPT_WORD,     /* char *: one of `words` */
	OPT_INT,      /* int64_t in min..max, where one of them is not 0 */
	OPT_SIZE,     /* int64_t, bytes; docker's size syntax; "-1" is -1 */
	OPT_DURATION, /* uint64_t, microseconds */
	OPT_CHOICE,   /* int (or an enum): the number of the word in `words` */
	OPT_CALL,    /* parse(request, value): structured values; without a metavar value is NULL */
	OPT_IGNORED, /* struct strvec: a remark, made from `help`, that it has no effect */
	OPT_REFUSED, /* `help` says why it cannot be had, `fix` what to do instead */
	OPT_HEADING, /* no option (its name is ""): `help` is the title of the rows below it */
};

enum opt_flags {
	OPT_OPTIONAL_VALUE = 1, /* --name alone means value NULL (OPT_CALL) */
	OPT_HIDDEN = 2,         /* not in --help: accepted for the sake of scripts */
	OPT_ALIAS = 4,          /* another spelling of the row before it; not listed on its own */
	OPT_COMMAS = 8,         /* OPT_STRINGS: "a,b" means the option twice */
};

enum opt_values { /* what the shells complete */
		  VALUES_NONE,
		  VALUES_FILE,
		  VALUES_DIRECTORY,
		  VALUES_IMAGE,
		  VALUES_CONTAINER,
		  VALUES_SECRET,
		  VALUES_VOLUME,
		  VALUES_COMMAND,
		  VALUES_WORDS, /* `words` */
};

/* There are many, and every process of berth has a copy of its own of what points to something:
 * what is of one type alone shares its place. */
struct opt {
	const char *name; /* long name without dashes; NULL ends the table */
	char letter;      /* short name, 0: none */
	enum opt_type type : 8;
	unsigned int offset : 16; /* into the request; unused with OPT_CALL */
	const char *metavar;      /* NULL: takes no value */
	const char *help;         /* half a line, no full stop */
	unsigned int flags : 8;
	enum opt_values values : 8;
	const char *words; /* "a|b|c" */
	union {
		struct {
			int64_t min, max; /* OPT_INT */
		};
		struct {
			/* OPT_STRING, OPT_STRINGS: refuse a value that cannot be right whatever
			 * the others are. */
			int (*check)(const char *value);
			int (*parse)(void *request, const char *value); /* OPT_CALL */
		};
		const char *fix; /* OPT_REFUSED */
	};
};

#define OPT_END \
	{ \
		.name = NULL \
	}
#define OPT_TITLE(text) \
	{ \
		.name = "", .type = OPT_HEADING, .help = (text) \
	}

/* A command has several tables, one after the other: its own, and shared groups; a NULL ends the
 * array of them. */

enum opt_mode {
	OPT_ANYWHERE,        /* operands and options may mix */
	OPT_STOP_AT_OPERAND, /* run, exec: what follows the first operand is the payload's */
	OPT_ONLY_HELP,       /* whatever is given, all but --help is an operand */
};

/*
 * Parse argv (without the command's name). Operands are appended to `operands` (owned by the
 * caller). Returns 0, or a refusal that names the option; *ret_help is set where -h (if no table
 * has it) or --help was met, and nothing behind it is looked at.
 */
int opt_parse(const struct opt *const *tables, char *const *argv, enum opt_mode mode, void *request,
	      struct strvec *operands, bool *ret_help);
/* Free every string and vector that the tables say the request holds. */
void opt_release(const struct opt *const *tables, void *request);
/* The row of "--name" or "-x", following aliases; NULL. */
const struct opt *opt_find(const struct opt *const *tables, const char *text);
/* Is it for people: neither hidden, nor an alias, nor refused or ignored? */
bool opt_is_listed(const struct opt *opt);
/* Walk over the rows of all tables; titles are passed over, NULL ends:
 *	for (struct opt_walk walk = { tables }; (opt = opt_next(&walk)) != NULL;) */
struct opt_walk {
	const struct opt *const *tables;
	const struct opt *row; /* NULL: the next table's first */
};
const struct opt *opt_next(struct opt_walk *walk);
/* Append what --help says of the options: two columns, wrapped at `width`. */
void opt_describe(const struct opt *const *tables, int width, struct buf *out);
/* The closest of n words to text by edit distance, or NULL where none is close. */
const char *opt_nearest(const char *text, const char *const *words, size_t n);

#endif
