/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define COMMAND_ENTRY(name) &command_##name,
const struct command *const command_list[] = { COMMANDS(COMMAND_ENTRY) NULL };
static const struct command *const hidden_list[] = { COMMANDS_HIDDEN(COMMAND_ENTRY) NULL };
#undef COMMAND_ENTRY

/* --- options before the command --------------------------------------------------------------- */

#define REMOTE "berth has no daemon and no remote mode"

static int check_log_level(const char *value)
{
	static const char *const levels[] = { "trace",   "debug", "info",  "warn",
					      "warning", "error", "fatal", "panic" };

	for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
		if (strcasecmp(value, levels[i]) == 0)
			return 0;
	return refuse("'%s' is none of trace, debug, info, warn, error, fatal, panic", value);
}

/* Taken and dropped: scripts written for docker and podman pass them. */
static int drop_log_level(void *request, const char *value)
{
	return check_log_level(value);
}

static int drop(void *request, const char *value)
{
	return 0;
}

static int set_version(void *request, const char *value)
{
	((struct global_request *)request)->version = true;
	return 0;
}

static const struct opt options_global[] = {
	{ "root", 0, OPT_STRING, offsetof(struct global_request, root), "DIR",
	  "keep images, volumes and containers in DIR", .values = VALUES_DIRECTORY },
	{ "runroot", 0, OPT_STRING, offsetof(struct global_request, runroot), "DIR",
	  "keep what need not survive a reboot in DIR", .values = VALUES_DIRECTORY },
	{ "version", 'v', OPT_CALL, .help = "print the version", .parse = set_version },
	{ "log-level", 'l', OPT_CALL, 0, "LEVEL", "accepted for the sake of scripts", OPT_HIDDEN,
	  .parse = drop_log_level },
	{ "debug", 'D', OPT_CALL, .help = "accepted for the sake of scripts", .flags = OPT_HIDDEN,
	  .parse = drop },
	{ "transient-store", 0, OPT_CALL, .help = "accepted for the sake of scripts",
	  .flags = OPT_HIDDEN, .parse = drop },
	{ "config", 0, OPT_CALL, 0, "DIR", "accepted for the sake of scripts", OPT_HIDDEN,
	  .parse = drop },
	{ "host", 'H', OPT_REFUSED, 0, "URL", REMOTE },
	{ "context", 'c', OPT_REFUSED, 0, "NAME", REMOTE },
	{ "connection", 0, OPT_REFUSED, 0, "NAME", REMOTE },
	{ "url", 0, OPT_REFUSED, 0, "URL", REMOTE },
	{ "remote", 'r', OPT_REFUSED, 0, NULL, REMOTE },
	{ "identity", 0, OPT_REFUSED, 0, "FILE", REMOTE },
	{ "ssh", 0, OPT_REFUSED, 0, "MODE", REMOTE },
	{ "tls", 0, OPT_REFUSED, 0, NULL, REMOTE },
	{ "tlscacert", 0, OPT_REFUSED, 0, "FILE", REMOTE },
	{ "tlscert", 0, OPT_REFUSED, 0, "FILE", REMOTE },
	{ "tlskey", 0, OPT_REFUSED, 0, "FILE", REMOTE },
	{ "tlsverify", 0, OPT_REFUSED, 0, NULL, REMOTE },
	OPT_END,
};

const struct opt *const global_options[] = { options_global, NULL };

/* --- finding ---------------------------------------------------------------------------------- */

/* The number of words of argv that spell `name` ("image ls"), or 0. */
static size_t match_words(const char *name, size_t len, char *const *argv)
{
	size_t words = 0;

	while (len > 0) {
		size_t word = 0;

		while (word < len && name[word] != ' ')
			word++;
		if (argv[words] == NULL || strlen(argv[words]) != word ||
		    strncmp(argv[words], name, word) != 0)
			return 0;
		words++;
		name += word;
		len -= word;
		if (len > 0) {
			name++;
			len--;
		}
	}
	return words;
}

static size_t match_any(const struct command *command, char *const *argv)
{
	const char *alias = command->alias;
	size_t words = match_words(command->name, strlen(command->name), argv);

	while (words == 0 && alias != NULL && *alias != '\0') {
		size_t len = strcspn(alias, "|");

		words = match_words(alias, len, argv);
		alias += len + (alias[len] == '|');
	}
	return words;
}

static void refuse_command(const char *name)
{
	const char *names[ARRAY_SIZE(command_list)];
	const char *nearest;
	size_t n = 0;

	for (; command_list[n] != NULL; n++)
		names[n] = command_list[n]->name;
	nearest = opt_nearest(name, names, n);
	refuse("there is no command '%s'", name);
	if (nearest != NULL)
		hint("did you mean 'berth %s'?", nearest);
	else
		hint("'berth help' lists the commands");
}

const struct command *command_find(char *const *argv, size_t *ret_words)
{
	const struct command *const *lists[] = { command_list, hidden_list };
	const struct command *found = NULL;

	/* A group has the first word of its members: more words decide. */
	*ret_words = 0;
	for (size_t k = 0; k < ARRAY_SIZE(lists); k++)
		for (size_t i = 0; lists[k][i] != NULL; i++) {
			size_t words = match_any(lists[k][i], argv);

			if (words <= *ret_words)
				continue;
			*ret_words = words;
			found = lists[k][i];
		}
	if (found == NULL)
		refuse_command(argv[0]);
	return found;
}

const struct command *command_enter(char *const *argv, size_t *ret_words)
{
	const struct command *found = command_find(argv, ret_words);
	size_t words;

	for (size_t i = 0; found != NULL && command_list[i] != NULL; i++) {
		const struct command *group = command_list[i];

		words = group->group && group->run != NULL ? match_any(group, argv) : 0;
		if (words == 0)
			continue;
		*ret_words = words;
		return group;
	}
	return found;
}

/* --- groups ----------------------------------------------------------------------------------- */

/* The verb of "GROUP VERB" up to the next '|'; NULL where text is of no such form. */
static char *verb_of(const struct command *group, const char *text)
{
	size_t len = strlen(group->name);

	if (strncmp(text, group->name, len) != 0 || text[len] != ' ')
		return NULL;
	return xstrndup(text + len + 1, strcspn(text + len + 1, "|"));
}

void command_each_member(const struct command *group, bool all,
			 void (*each)(const char *verb, const struct command *command, void *arg),
			 void *arg)
{
	for (size_t i = 0; command_list[i] != NULL; i++) {
		const char *words = command_list[i]->name;
		const char *next = command_list[i]->alias;
		bool found = false;

		while (words != NULL && (all || !found)) {
			autofree char *verb = verb_of(group, words);

			found = verb != NULL;
			if (found)
				each(verb, command_list[i], arg);
			words = next;
			next = words != NULL ? strchr(words, '|') : NULL;
			next = next != NULL ? next + 1 : NULL;
		}
	}
}

static void keep_verb(const char *verb, const struct command *command, void *arg)
{
	strvec_push(arg, verb);
}

struct search {
	const char *verb;
	const struct command *found;
};

static void find_verb(const char *verb, const struct command *command, void *arg)
{
	struct search *search = arg;

	if (strcmp(verb, search->verb) == 0)
		search->found = command;
}

const struct command *command_member(const struct command *group, const struct strvec *operands)
{
	struct search search = { .verb = operands->n > 0 ? operands->v[0] : "" };
	AUTO(strvec) verbs = STRVEC_INIT;
	const char *nearest;

	if (operands->n == 0)
		return NULL;
	command_each_member(group, true, find_verb, &search);
	if (search.found != NULL)
		return search.found;
	command_each_member(group, true, keep_verb, &verbs);
	nearest = opt_nearest(operands->v[0], (const char *const *)verbs.v, verbs.n);
	refuse("there is no command '%s %s'", group->name, operands->v[0]);
	if (nearest != NULL)
		hint("did you mean 'berth %s %s'?", group->name, nearest);
	else
		hint("'berth %s' lists the commands of this group", group->name);
	return NULL;
}

/* Its members are found by their two words: what comes here is none of them. */
static int execute_group(const struct command *group, const struct strvec *operands)
{
	if (operands->n == 0)
		return help_command(group);
	(void)command_member(group, operands);
	return -EINVAL;
}

/* --- running ---------------------------------------------------------------------------------- */

static int check_operands(const struct command *command, size_t n)
{
	if (n < command->operands_min)
		refuse("%s missing", n == 0 ? "an operand is" : "operands are");
	else if (n > command->operands_max)
		refuse("too many operands: %zu, at most %zu", n, command->operands_max);
	else
		return 0;
	hint("usage: berth %s %s", command->name, command->synopsis);
	return -EINVAL;
}

/* What helps whichever step it was that failed. */
static void advise(const struct host *host, int rc)
{
	if (rc >= 0 || err_hint()[0] != '\0')
		return;
	if (rc == -ENOSPC || rc == -EDQUOT)
		hint("free some space: the store is in '%s' (--root), what runs is in '%s' "
		     "(--runroot)",
		     host->root, host->runroot);
	else if (rc == -ENOSYS)
		hint("Linux 5.15 and later have it, unless a seccomp filter forbids it; 'berth "
		     "doctor' tells what is missing");
}

static int run_parsed(const struct command *command, void *request, const struct strvec *operands,
		      const char *root, const char *runroot)
{
	AUTO(host) host = { 0 };
	int rc;

	TRY(check_operands(command, operands->n));
	if (!command->hostless)
		TRY(host_init(&host, root, runroot));
	rc = command->run(&host, request, operands);
	if (!command->hostless)
		advise(&host, rc);
	return rc;
}

int command_execute(const struct command *command, char *const *argv, const char *root,
		    const char *runroot)
{
	autofree void *request = xcalloc(1, command->request_size + 1);
	AUTO(strvec) operands = STRVEC_INIT;
	bool help = false;
	int rc;

	if (command->init != NULL)
		command->init(request);
	rc = opt_parse(command->options, argv, command->mode, request, &operands, &help);
	if (rc < 0) {
		if (err_hint()[0] == '\0')
			hint("'berth %s --help' lists the options", command->name);
	} else if (help) {
		rc = help_command(command);
	} else if (command->group && command->run == NULL) {
		rc = execute_group(command, &operands);
	} else {
		rc = run_parsed(command, request, &operands, root, runroot);
	}
	opt_release(command->options, request);
	if (command->release != NULL)
		command->release(request);
	return rc;
}
