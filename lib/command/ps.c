/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/json.h"
#include "base/out.h"
#include "base/units.h"
#include "container/healthfile.h"
#include "container/pause.h"
#include "container/record.h"
#include "container/scratch.h"
#include "container/select.h"

#define SHORT_ID 12
#define SHORT_COMMAND 20 /* characters, with the quotes */
#define ELLIPSIS "\xe2\x80\xa6"

struct ps_request {
	bool all, quiet, latest, size, no_trunc;
	int64_t last;
	char *format;
	struct strvec filters;
};

static const struct opt options_ps[] = {
	{ "all", 'a', OPT_FLAG, offsetof(struct ps_request, all), NULL,
	  "Show those that have ended as well" },
	{ "filter", 'f', OPT_STRINGS, offsetof(struct ps_request, filters), "KEY=VALUE",
	  "Show only those that match" },
	{ "format", 0, OPT_STRING, offsetof(struct ps_request, format), "FORMAT",
	  "table, json, jsonl, or a Go template" },
	{ "last", 'n', OPT_INT, offsetof(struct ps_request, last), "N",
	  "Show the N made last, in whatever state", .min = 1, .max = 1000000 },
	{ "latest", 'l', OPT_FLAG, offsetof(struct ps_request, latest), NULL,
	  "Show the one made last, in whatever state" },
	{ "no-trunc", 0, OPT_FLAG, offsetof(struct ps_request, no_trunc), NULL,
	  "Do not shorten IDs and commands" },
	{ "quiet", 'q', OPT_FLAG, offsetof(struct ps_request, quiet), NULL, "Print IDs only" },
	{ "size", 's', OPT_FLAG, offsetof(struct ps_request, size), NULL,
	  "Show what the writable layer takes on disk" },
	OPT_END,
};

struct row {
	const struct host *host;
	const struct ps_request *request;
	struct record *record;
	time_t now;
};

static void print_id(struct buf *out, const void *data)
{
	const struct row *row = data;

	buf_addf(out, "%.*s", row->request->no_trunc ? 64 : SHORT_ID, row->record->id);
}

static void print_image(struct buf *out, const void *data)
{
	const struct row *row = data;

	buf_add_str(out, row->record->image != NULL ? row->record->image : "");
}

/* As docker prints it, quoted and cut. */
static void print_command(struct buf *out, const void *data)
{
	const struct row *row = data;
	const struct strvec *command = &row->record->command;
	AUTO(buf) text = BUF_INIT;

	for (size_t i = 0; i < command->n; i++)
		buf_addf(&text, "%s%s", i != 0 ? " " : "", command->v[i]);
	if (row->request->no_trunc || text.len <= SHORT_COMMAND - 1) {
		buf_addf(out, "\"%s\"", text.data);
		return;
	}
	buf_truncate(&text, SHORT_COMMAND - 2);
	/* Not within a character. */
	while (text.len > 0 && ((unsigned char)text.data[text.len - 1] & 0x80) != 0)
		buf_truncate(&text, text.len - 1);
	buf_addf(out, "\"%s" ELLIPSIS "\"", text.data);
}

static void print_created_at(struct buf *out, const void *data)
{
	const struct row *row = data;

	units_print_time(out, row->record->created, row->record->created_nsec);
}

static void print_since(struct buf *out, const struct row *row, int64_t time)
{
	units_print_age(out, row->now > time ? (uint64_t)(row->now - time) : 0);
}

static void print_running_for(struct buf *out, const void *data)
{
	const struct row *row = data;

	print_since(out, row, row->record->created);
	buf_add_str(out, " ago");
}

static void print_ports(struct buf *out, const void *data)
{
	const struct row *row = data;

	for (size_t i = 0; i < row->record->ports.n; i++)
		buf_addf(out, "%s%s", i != 0 ? ", " : "", row->record->ports.v[i]);
}

static void print_state(struct buf *out, const void *data)
{
	const struct row *row = data;

	buf_add_str(out, pause_status(row->record));
}

/* As docker has it. */
static void print_condition(struct buf *out, const struct record *record)
{
	enum health_status health;

	if (pause_is(record)) {
		buf_add_str(out, " (Paused)");
		return;
	}
	health = healthfile_status(record);
	if (health != HEALTH_NONE)
		buf_addf(out, " (%s%s)", health == HEALTH_STARTING ? "health: " : "",
			 health_status_name(health));
}

static void print_status(struct buf *out, const void *data)
{
	const struct row *row = data;
	const struct record *record = row->record;

	if (record->status == RECORD_CREATED) {
		buf_add_str(out, "Created");
	} else if (record->restarting) {
		buf_addf(out, "Restarting (%d) ", record->exit_code);
		print_since(out, row, record->finished);
		buf_add_str(out, " ago");
	} else if (record->status == RECORD_RUNNING) {
		buf_add_str(out, "Up ");
		print_since(out, row, record->started);
		print_condition(out, record);
	} else {
		buf_addf(out, "Exited (%d)", record->exit_code);
		/* Where its supervisor was killed nobody knows when. */
		if (record->finished == 0)
			return;
		buf_add_char(out, ' ');
		print_since(out, row, record->finished);
		buf_add_str(out, " ago");
	}
}

static void print_size(struct buf *out, const void *data)
{
	const struct row *row = data;
	uint64_t bytes = 0;

	if (scratch_usage(row->host, row->record, &bytes) < 0)
		err_clear();
	units_print_size(out, bytes);
}

static void print_name(struct buf *out, const void *data)
{
	const struct row *row = data;

	buf_add_str(out, row->record->name != NULL ? row->record->name : "");
}

static void print_list(struct buf *out, const struct strvec *list)
{
	for (size_t i = 0; i < list->n; i++)
		buf_addf(out, "%s%s", i != 0 ? "," : "", list->v[i]);
}

static void print_labels(struct buf *out, const void *data)
{
	const struct row *row = data;

	print_list(out, &row->record->labels);
}

static const struct strvec *labels_of(const void *data)
{
	return &((const struct row *)data)->record->labels;
}

static void print_mounts(struct buf *out, const void *data)
{
	const struct row *row = data;

	print_list(out, &row->record->mounts);
}

static void print_networks(struct buf *out, const void *data)
{
	const struct row *row = data;

	buf_add_str(out, row->record->network != NULL ? row->record->network : "");
}

static void print_exit_code(struct buf *out, const void *data)
{
	const struct row *row = data;

	buf_addf(out, "%d", row->record->exit_code);
}

static void print_pid(struct buf *out, const void *data)
{
	const struct row *row = data;

	buf_addf(out, "%d", row->record->status == RECORD_RUNNING ? (int)row->record->pid : 0);
}

static void print_image_id(struct buf *out, const void *data)
{
	const struct row *row = data;

	buf_add_str(out, row->record->image_id != NULL ? row->record->image_id : "");
}

static const struct out_field fields[] = {
	{ "ID", "CONTAINER ID", true, print_id },
	{ "Image", "IMAGE", true, print_image },
	{ "Command", "COMMAND", true, print_command },
	{ "RunningFor", "CREATED", true, print_running_for },
	{ "Status", "STATUS", true, print_status },
	{ "Ports", "PORTS", true, print_ports },
	{ "Names", "NAMES", true, print_name },
	{ "CreatedAt", "CREATED AT", false, print_created_at },
	{ "State", "STATE", false, print_state },
	{ "Size", "SIZE", false, print_size },
	{ "Labels", "LABELS", false, print_labels },
	{ "Mounts", "MOUNTS", false, print_mounts },
	{ "Networks", "NETWORKS", false, print_networks },
	{ "ExitCode", "EXIT CODE", false, print_exit_code },
	{ "Pid", "PID", false, print_pid },
	{ "ImageID", "IMAGE ID", false, print_image_id },
	{ "Label", "", false, .pairs = labels_of },
	{ 0 },
};

#define SIZE_FORMAT \
	"table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t" \
	"{{.Names}}\t{{.Size}}"

struct listing {
	struct row row;
	struct selection selection;
	struct out_list list;
	int64_t left; /* rows that may still be printed; -1: all */
};

static int add_row(struct record *record, void *arg)
{
	struct listing *listing = arg;
	const struct ps_request *request = listing->row.request;
	bool all = request->all || request->last > 0 || listing->selection.all;

	if (listing->left == 0 || (!all && record->status != RECORD_RUNNING) ||
	    !select_matches(&listing->selection, record))
		return 0;
	if (listing->left > 0)
		listing->left--;
	listing->row.record = record;
	return out_list_row(&listing->list, &listing->row);
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	struct ps_request *request = data;
	struct listing listing = { .row = { host, request, NULL, time(NULL) } };
	const char *format = request->format;
	int rc;

	if (request->latest)
		request->last = 1;
	listing.left = request->last > 0 ? request->last : -1;
	if (request->quiet)
		format = "{{.ID}}";
	else if (format == NULL && request->size)
		format = SIZE_FORMAT;
	TRY(select_parse(host, &request->filters, &listing.selection));
	rc = out_list_begin(&listing.list, fields, format);
	if (rc >= 0)
		rc = record_each(host, add_row, &listing);
	if (rc >= 0)
		rc = out_list_end(&listing.list);
	out_list_release(&listing.list);
	selection_release(&listing.selection);
	scratch_sweep(host);
	return rc;
}

const struct command command_ps = {
	.name = "ps",
	.alias = "container ls|container list|container ps",
	.synopsis = "[OPTIONS]",
	.summary = "List containers",
	.options = (const struct opt *const[]){ options_ps, NULL },
	.request_size = sizeof(struct ps_request),
	.run = run,
};
