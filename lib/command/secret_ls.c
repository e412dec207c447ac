/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <string.h>

#include "base/err.h"
#include "base/out.h"
#include "command/when.h"
#include "container/secret.h"

struct ls_request {
	bool quiet, no_heading;
	char *format;
	struct strvec filters;
};

static const struct opt options_ls[] = {
	{ "filter", 'f', OPT_STRINGS, offsetof(struct ls_request, filters), "KEY=VALUE",
	  "show only those that match: name=TEXT, id=DIGITS, label=KEY[=VALUE]" },
	{ "format", 0, OPT_STRING, offsetof(struct ls_request, format), "FORMAT",
	  "table, json, jsonl, or a Go template" },
	{ "noheading", 'n', OPT_FLAG, offsetof(struct ls_request, no_heading),
	  .help = "print no headings" },
	{ "quiet", 'q', OPT_FLAG, offsetof(struct ls_request, quiet), .help = "print IDs only" },
	OPT_END,
};

/* --- columns ---------------------------------------------------------------------------------- */

static void print_id(struct buf *out, const void *data)
{
	buf_add_str(out, ((const struct secret *)data)->id);
}

static void print_name(struct buf *out, const void *data)
{
	buf_add_str(out, ((const struct secret *)data)->name);
}

static void print_driver(struct buf *out, const void *data)
{
	buf_add_str(out, "file");
}

static void print_created(struct buf *out, const void *data)
{
	when_print_since(out, ((const struct secret *)data)->created);
}

static void print_updated(struct buf *out, const void *data)
{
	when_print_since(out, ((const struct secret *)data)->updated);
}

static void print_labels(struct buf *out, const void *data)
{
	const struct strvec *labels = &((const struct secret *)data)->labels;

	for (size_t i = 0; i < labels->n; i++)
		buf_addf(out, "%s%s", i != 0 ? "," : "", labels->v[i]);
}

static const struct out_field fields[] = {
	{ "ID", "ID", true, print_id },
	{ "Name", "NAME", true, print_name },
	{ "Driver", "DRIVER", true, print_driver },
	{ "CreatedAt", "CREATED", true, print_created },
	{ "UpdatedAt", "UPDATED", true, print_updated },
	{ "Labels", "LABELS", false, print_labels },
	{ NULL },
};

/* --- rows ------------------------------------------------------------------------------------- */

static bool has_name(const struct secret *secret, const char *value)
{
	return strstr(secret->name, value) != NULL;
}

static bool has_id(const struct secret *secret, const char *value)
{
	return strncmp(secret->id, value, strlen(value)) == 0;
}

static bool has_label(const struct secret *secret, const char *value)
{
	autofree char *key = xstrndup(value, strcspn(value, "="));
	const char *found = env_get(&secret->labels, key), *equals = strchr(value, '=');

	return found != NULL && (equals == NULL || strcmp(found, equals + 1) == 0);
}

static const struct {
	const char *key;
	bool (*matches)(const struct secret *secret, const char *value);
} keys[] = {
	{ "name=", has_name },
	{ "id=", has_id },
	{ "label=", has_label },
};

static int check_filters(const struct strvec *filters)
{
	for (size_t i = 0; i < filters->n; i++) {
		bool known = false;

		for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
			known |= strncmp(filters->v[i], keys[k].key, strlen(keys[k].key)) == 0;
		if (!known)
			return refuse("--filter '%s': name=TEXT, id=DIGITS or label=KEY[=VALUE]",
				      filters->v[i]);
	}
	return 0;
}

/* Several values of one key are alternatives, several keys must all hold. */
static bool is_wanted(const struct secret *secret, const struct strvec *filters)
{
	for (size_t k = 0; k < ARRAY_SIZE(keys); k++) {
		size_t len = strlen(keys[k].key);
		bool asked = false, holds = false;

		for (size_t i = 0; i < filters->n; i++) {
			if (strncmp(filters->v[i], keys[k].key, len) != 0)
				continue;
			asked = true;
			holds |= keys[k].matches(secret, filters->v[i] + len);
		}
		if (asked && !holds)
			return false;
	}
	return true;
}

struct listing {
	const struct ls_request *request;
	struct out_list *list;
};

static int add_row(const struct secret *secret, void *arg)
{
	const struct listing *listing = arg;

	if (!is_wanted(secret, &listing->request->filters))
		return 0;
	if (listing->request->quiet)
		return out_line("%s", secret->id);
	return out_list_row(listing->list, secret);
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct ls_request *request = data;
	AUTO(out_list) list = { 0 };
	struct listing listing = { request, &list };

	TRY(check_filters(&request->filters));
	TRY(out_list_begin(&list, fields, request->format));
	if (request->no_heading)
		list.headings = false;
	TRY(secret_each(host, add_row, &listing));
	return request->quiet ? 0 : out_list_end(&list);
}

const struct command command_secret_ls = {
	.name = "secret ls",
	.alias = "secret list",
	.synopsis = "[OPTIONS]",
	.summary = "List secrets",
	.options = (const struct opt *const[]){ options_ls, NULL },
	.request_size = sizeof(struct ls_request),
	.run = run,
};
