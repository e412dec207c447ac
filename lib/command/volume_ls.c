/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include "base/err.h"
#include "base/out.h"
#include "base/units.h"
#include "container/volumeselect.h"
#include "container/volumeuse.h"
#include "image/usage.h"

struct ls_request {
	bool quiet, no_heading;
	char *format;
	struct strvec filters;
};

static const struct opt options_ls[] = {
	{ "filter", 'f', OPT_STRINGS, offsetof(struct ls_request, filters), "KEY=VALUE",
	  "list only what matches: name, label, opt, driver, scope, dangling, anonymous, until or "
	  "since" },
	{ "format", 0, OPT_STRING, offsetof(struct ls_request, format), "FORMAT",
	  "table, json, jsonl, or a Go template" },
	{ "noheading", 'n', OPT_FLAG, offsetof(struct ls_request, no_heading),
	  .help = "print no heading" },
	{ "quiet", 'q', OPT_FLAG, offsetof(struct ls_request, quiet), .help = "print names only" },
	OPT_END,
};

struct row {
	const struct store *store;
	const struct volume *volume;
	size_t users;
};

static void print_driver(struct buf *out, const void *row)
{
	buf_add_str(out, "local");
}

static void print_name(struct buf *out, const void *row)
{
	buf_add_str(out, ((const struct row *)row)->volume->name);
}

static void print_path(struct buf *out, const void *row)
{
	buf_add_str(out, ((const struct row *)row)->volume->path);
}

static void print_list(struct buf *out, const struct strvec *list)
{
	for (size_t i = 0; i < list->n; i++)
		buf_addf(out, "%s%s", i > 0 ? "," : "", list->v[i]);
}

static void print_labels(struct buf *out, const void *row)
{
	print_list(out, &((const struct row *)row)->volume->labels);
}

static void print_options(struct buf *out, const void *row)
{
	print_list(out, &((const struct row *)row)->volume->options);
}

static void print_created(struct buf *out, const void *row)
{
	const struct volume *volume = ((const struct row *)row)->volume;

	units_print_time(out, volume->created, volume->created_nsec);
}

static void print_users(struct buf *out, const void *row)
{
	buf_addf(out, "%zu", ((const struct row *)row)->users);
}

static void print_anonymous(struct buf *out, const void *row)
{
	buf_add_str(out, ((const struct row *)row)->volume->anonymous ? "true" : "false");
}

/* Measured only where it is asked for. */
static void print_size(struct buf *out, const void *data)
{
	const struct row *row = data;
	AUTO(strvec) paths = STRVEC_INIT;
	uint64_t bytes = 0;

	strvec_push(&paths, row->volume->path);
	if (usage_paths(row->store, &paths, &bytes) < 0) {
		err_clear();
		buf_add_str(out, "N/A");
		return;
	}
	units_print_size(out, bytes);
}

static const struct out_field fields[] = {
	{ "Driver", "DRIVER", true, print_driver },
	{ "Name", "VOLUME NAME", true, print_name },
	{ "Mountpoint", "MOUNTPOINT", false, print_path },
	{ "Labels", "LABELS", false, print_labels },
	{ "Options", "OPTIONS", false, print_options },
	{ "Scope", "SCOPE", false, print_driver },
	{ "CreatedAt", "CREATED AT", false, print_created },
	{ "Links", "LINKS", false, print_users },
	{ "Anonymous", "ANONYMOUS", false, print_anonymous },
	{ "Size", "SIZE", false, print_size },
	{ .name = NULL },
};

struct listing {
	const struct store *store;
	struct volume_selection selection;
	struct volume_uses uses;
	struct out_list list;
};

static void listing_release(struct listing *listing)
{
	volume_selection_release(&listing->selection);
	volume_uses_release(&listing->uses);
	out_list_release(&listing->list);
}

static int add_row(struct volume *volume, void *arg)
{
	struct listing *listing = arg;
	const struct row row = { listing->store, volume,
				 volumeuse_count(&listing->uses, volume->name) };

	if (!volumeselect_matches(&listing->selection, volume, row.users))
		return 0;
	return out_list_row(&listing->list, &row);
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct ls_request *request = data;
	const char *format = request->quiet ? "{{.Name}}" : request->format;
	AUTO(listing) listing = { 0 };
	AUTO(store) store = STORE_INIT;

	TRY(store_open(host, &store));
	listing.store = &store;
	TRY(volumeselect_parse(&store, &request->filters, &listing.selection));
	TRY(volumeuse_list(host, &listing.uses));
	TRY(out_list_begin(&listing.list, fields, format));
	listing.list.headings = !request->no_heading;
	TRY(volume_each(&store, add_row, &listing));
	return out_list_end(&listing.list);
}

const struct command command_volume_ls = {
	.name = "volume ls",
	.alias = "volume list",
	.synopsis = "[OPTIONS]",
	.summary = "List volumes",
	.options = (const struct opt *const[]){ options_ls, NULL },
	.request_size = sizeof(struct ls_request),
	.run = run,
};
