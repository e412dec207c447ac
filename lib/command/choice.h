/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_COMMAND_CHOICE_H
#define BERTH_COMMAND_CHOICE_H

#include "base/host.h"
#include "base/opt.h"
#include "container/record.h"

/*
 * The containers that a command is about: those that are named, and those of --all, --latest,
 * --cidfile and --filter. It stands first in the request of the command, which lists options_choice
 * after its own table.
 */
struct choice {
	bool all, latest;
	bool ignore; /* one that does not exist is no error: an option of some commands */
	struct strvec cidfiles, filters;
};
extern const struct opt options_choice[];

struct chosen {
	char *name; /* as it was given; its ID where it was not */
	bool given;
	bool missing; /* with `ignore`: there is none */
	bool failed;
	struct record record;
};

struct chosen_list {
	struct chosen *v;
	size_t n;
	const char *command; /* for messages */
	int status;          /* of the command: EXIT_BERTH once one has failed */
};

/* Find them. What is named and is not there is told at once and does not keep the others; where
 * nothing is named, those to which it `applies` (NULL: any) are taken. */
int choice_find(const struct host *host, const char *command, const struct choice *choice,
		const struct strvec *operands, bool (*applies)(const struct record *record),
		struct chosen_list *ret_list);
/* Where rc is negative: print what was recorded, note the failure, and return false. */
bool choice_check(struct chosen_list *list, struct chosen *chosen, int rc);
/* Print the names of those that have not failed; returns the status of the command. */
int choice_print(const struct chosen_list *list);
void chosen_list_release(struct chosen_list *list);

#endif
