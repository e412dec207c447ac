/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/out.h"
#include "container/record.h"
#include "container/secret.h"
#include "container/volume.h"
#include "image/catalog.h"
#include "image/ref.h"

/*
 * The shells' scripts (completion.c) hand over the words up to the cursor, the last one perhaps
 * empty or half typed, and get candidates, one a line; ":file" and ":directory" ask for the shell's
 * own.
 *
 *	berth __complete -- run -it --net
 */
struct completion {
	const struct command *command; /* NULL: none yet */
	const struct opt *pending;     /* whose value is being typed */
	size_t operands;               /* of the command, before the cursor */
	bool ended;                    /* "--" was met, or the operands have begun */
	const char *prefix;            /* of what is asked for */
	const char *root, *runroot;    /* of the options before the command; NULL */
	struct buf out;
};

static void offer(struct completion *c, const char *text)
{
	if (strncmp(text, c->prefix, strlen(c->prefix)) == 0)
		buf_addf(&c->out, "%s\n", text);
}

static void offer_words(struct completion *c, const char *words)
{
	AUTO(strvec) list = STRVEC_INIT;

	strvec_split(&list, words, '|');
	for (size_t i = 0; i < list.n; i++)
		offer(c, list.v[i]);
}

static void offer_commands(struct completion *c)
{
	for (size_t i = 0; command_list[i] != NULL; i++)
		if (strchr(command_list[i]->name, ' ') == NULL)
			offer(c, command_list[i]->name);
}

static void offer_verb(const char *verb, const struct command *command, void *arg)
{
	offer(arg, verb);
}

/* --- what the store knows --------------------------------------------------------------------- */

static void offer_image(struct completion *c, const char *name)
{
	AUTO(ref) ref = { 0 };
	autofree char *familiar = NULL;

	if (ref_parse(name, &ref) < 0)
		return;
	familiar = ref_familiar(&ref);
	offer(c, familiar);
	/* The whole name helps only who has begun with it. */
	if (c->prefix[0] != '\0' && strcmp(familiar, name) != 0)
		offer(c, name);
}

static void offer_stored_images(struct completion *c, const struct host *host)
{
	AUTO(store) store = STORE_INIT;
	AUTO(catalog) catalog = CATALOG_INIT;

	/* Asking must not make a store. */
	if (fs_exists(AT_FDCWD, host->root) <= 0 || store_open(host, &store) < 0 ||
	    catalog_open(&store, &catalog) < 0)
		return;
	for (size_t i = 0; i < catalog.n; i++)
		if (catalog.v[i].name != NULL)
			offer_image(c, catalog.v[i].name);
}

static void offer_images(struct completion *c, const struct host *host)
{
	static const struct {
		const char *prefix, *answer;
	} transports[] = {
		{ "docker-archive:", ":file\n" },
		{ "oci-archive:", ":file\n" },
		{ "oci:", ":directory\n" },
		{ "rootfs:", ":directory\n" },
		{ "host:", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(transports); i++)
		if (strncmp(c->prefix, transports[i].prefix, strlen(transports[i].prefix)) == 0) {
			buf_add_str(&c->out, transports[i].answer);
			return;
		}
	offer_stored_images(c, host);
	for (size_t i = 0; i < ARRAY_SIZE(transports); i++)
		offer(c, transports[i].prefix);
}

static int offer_container(struct record *record, void *arg)
{
	struct completion *c = arg;

	if (record->name != NULL)
		offer(c, record->name);
	if (c->prefix[0] != '\0')
		offer(c, record->id);
	return 0;
}

static void offer_containers(struct completion *c, const struct host *host)
{
	if (fs_exists(AT_FDCWD, host->root) > 0 || fs_exists(AT_FDCWD, host->runroot) > 0)
		record_each(host, offer_container, c);
}

static int offer_secret(const struct secret *secret, void *arg)
{
	offer(arg, secret->name);
	return 0;
}

static int offer_volume(struct volume *volume, void *arg)
{
	offer(arg, volume->name);
	return 0;
}

static void offer_volumes(struct completion *c, const struct host *host)
{
	AUTO(store) store = STORE_INIT;

	if (fs_exists(AT_FDCWD, host->root) > 0 && store_open(host, &store) >= 0)
		volume_each(&store, offer_volume, c);
}

/* The shell has no use for an error: there are no candidates then. */
static void offer_stored(struct completion *c, enum opt_values values)
{
	AUTO(host) host = { 0 };

	if (host_init(&host, c->root, c->runroot) < 0)
		return;
	if (values == VALUES_IMAGE)
		offer_images(c, &host);
	else if (values == VALUES_SECRET)
		secret_each(&host, offer_secret, c);
	else if (values == VALUES_VOLUME)
		offer_volumes(c, &host);
	else
		offer_containers(c, &host);
}

static void offer_values(struct completion *c, enum opt_values values, const char *words)
{
	switch (values) {
	case VALUES_WORDS:
		offer_words(c, words);
		break;
	case VALUES_COMMAND:
		offer_commands(c);
		break;
	case VALUES_FILE:
		buf_add_str(&c->out, ":file\n");
		break;
	case VALUES_DIRECTORY:
		buf_add_str(&c->out, ":directory\n");
		break;
	case VALUES_IMAGE:
	case VALUES_CONTAINER:
	case VALUES_SECRET:
	case VALUES_VOLUME:
		offer_stored(c, values);
		break;
	case VALUES_NONE:
		break;
	}
}

static void offer_options(struct completion *c, const struct opt *const *tables)
{
	struct opt_walk walk = { .tables = tables };
	const struct opt *opt;

	while ((opt = opt_next(&walk)) != NULL) {
		autofree char *name = xasprintf("--%s", opt->name);

		if (opt_is_listed(opt))
			offer(c, name);
	}
	offer(c, "--help");
}

static const struct opt *const *tables_of(const struct completion *c)
{
	return c->command != NULL ? c->command->options : global_options;
}

/* The option of "-itv" that waits for its value, or NULL. */
static const struct opt *pending_of(const struct opt *const *tables, const char *word)
{
	const struct opt *opt;

	if (strncmp(word, "--", 2) == 0) {
		opt = strchr(word, '=') == NULL ? opt_find(tables, word) : NULL;
		return opt != NULL && opt->metavar != NULL && (opt->flags & OPT_OPTIONAL_VALUE) == 0
			       ? opt
			       : NULL;
	}
	for (word++; *word != '\0'; word++) {
		char name[] = { '-', *word, '\0' };

		opt = opt_find(tables, name);
		if (opt == NULL)
			return NULL;
		if (opt->metavar != NULL)
			return word[1] == '\0' ? opt : NULL;
	}
	return NULL;
}

/* --root and --runroot decide where to look. */
static void keep_place(struct completion *c, const char *word)
{
	const char *value = strchr(word, '=');

	if (c->pending != NULL && strcmp(c->pending->name, "root") == 0)
		c->root = word;
	else if (c->pending != NULL && strcmp(c->pending->name, "runroot") == 0)
		c->runroot = word;
	else if (strncmp(word, "--root=", strlen("--root=")) == 0)
		c->root = value + 1;
	else if (strncmp(word, "--runroot=", strlen("--runroot=")) == 0)
		c->runroot = value + 1;
}

/* What the words before the cursor mean. */
static void follow(struct completion *c, char *const *words)
{
	for (size_t i = 0; words[i] != NULL; i++) {
		size_t used = 1;

		if (c->command == NULL)
			keep_place(c, words[i]);
		if (c->pending != NULL) {
			c->pending = NULL;
		} else if (!c->ended && strcmp(words[i], "--") == 0) {
			c->ended = true;
		} else if (!c->ended && words[i][0] == '-' && words[i][1] != '\0') {
			c->pending = pending_of(tables_of(c), words[i]);
		} else if (c->command == NULL) {
			c->command = command_find(words + i, &used);
			if (c->command == NULL)
				return;
			i += used - 1;
		} else {
			c->operands++;
			c->ended = c->ended || c->command->mode == OPT_STOP_AT_OPERAND;
		}
	}
}

static void complete_last(struct completion *c)
{
	const char *equals = strchr(c->prefix, '=');
	const struct command *command = c->command;
	const struct opt *opt = c->pending;

	if (opt == NULL && !c->ended && strncmp(c->prefix, "--", 2) == 0 && equals != NULL) {
		autofree char *name = xstrndup(c->prefix, (size_t)(equals - c->prefix));

		opt = opt_find(tables_of(c), name);
		c->prefix = equals + 1;
	}
	if (opt != NULL)
		offer_values(c, opt->values, opt->words);
	else if (!c->ended && c->prefix[0] == '-')
		offer_options(c, tables_of(c));
	else if (command == NULL)
		offer_commands(c);
	else if (command->group)
		command_each_member(command, true, offer_verb, c);
	else if (c->operands == 0 ||
		 (command->mode == OPT_ANYWHERE && c->operands < command->operands_max))
		offer_values(c, command->operand_values, command->operand_words);
	else if (command->mode == OPT_STOP_AT_OPERAND)
		buf_add_str(&c->out, ":file\n");
}

static int complete(const struct host *host, void *request, const struct strvec *operands)
{
	struct completion c = { .prefix = "" };
	AUTO(strvec) before = STRVEC_INIT;
	bool unknown;
	int rc;

	buf_init(&c.out);
	for (size_t i = 0; i + 1 < operands->n; i++)
		strvec_push(&before, operands->v[i]);
	if (before.n > 0)
		follow(&c, before.v);
	if (operands->n > 0)
		c.prefix = operands->v[operands->n - 1];
	/* An unknown command has no completions; that is no error of the shell's. */
	unknown = err_text()[0] != '\0';
	if (!unknown)
		complete_last(&c);
	err_clear();
	rc = out_raw(c.out.data, c.out.len);
	buf_release(&c.out);
	return rc;
}

const struct command command_complete = {
	.name = "__complete",
	.synopsis = "-- [WORD...]",
	.summary = "Print candidates for the last word of a command line",
	.mode = OPT_STOP_AT_OPERAND,
	.hostless = true,
	.operands_max = OPERANDS_ANY,
	.run = complete,
};

/* --- __options -------------------------------------------------------------------------------- */

static void print_options(const char *command, const struct opt *const *tables, struct buf *out)
{
	struct opt_walk walk = { .tables = tables };
	const struct opt *opt;
	const char *main_name = "";

	while ((opt = opt_next(&walk)) != NULL) {
		const char *kind = (opt->flags & OPT_ALIAS) != 0    ? "alias"
				   : opt->type == OPT_REFUSED       ? "refused"
				   : opt->type == OPT_IGNORED       ? "ignored"
				   : (opt->flags & OPT_HIDDEN) != 0 ? "hidden"
								    : "option";

		if ((opt->flags & OPT_ALIAS) == 0)
			main_name = opt->name;
		buf_addf(out, "%s\t%s\t--%s\t%c%c\t%s\t%s\n", command, kind, opt->name,
			 opt->letter != 0 ? '-' : ' ', opt->letter != 0 ? opt->letter : ' ',
			 opt->metavar != NULL ? opt->metavar : "", main_name);
	}
}

/* The tables, one row a line: command, kind, name, letter, metavar, and of an alias its row. */
static int options(const struct host *host, void *request, const struct strvec *operands)
{
	AUTO(buf) out = BUF_INIT;

	print_options("", global_options, &out);
	for (size_t i = 0; command_list[i] != NULL; i++) {
		buf_addf(&out, "%s\t%s\n", command_list[i]->name,
			 command_list[i]->group ? "group" : "command");
		print_options(command_list[i]->name, command_list[i]->options, &out);
	}
	return out_raw(out.data, out.len);
}

const struct command command_options = {
	.name = "__options",
	.synopsis = "",
	.summary = "Print the option tables",
	.hostless = true,
	.run = options,
};
