/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/err.h"
#include "base/out.h"
#include "base/units.h"
#include "command/inspect.h"
#include "command/when.h"
#include "image/ingest.h"

#define MISSING "<missing>"
#define SHORT_ID 12
#define SHORT_TEXT 45

struct history_request {
	char *format;
	bool exact, no_trunc, quiet, no_heading;
};

/* --human=false */
static int set_human(void *data, const char *value)
{
	struct history_request *request = data;

	if (value == NULL || strcmp(value, "true") == 0 || strcmp(value, "1") == 0)
		request->exact = false;
	else if (strcmp(value, "false") == 0 || strcmp(value, "0") == 0)
		request->exact = true;
	else
		return refuse("'%s' is neither true nor false", value);
	return 0;
}

static const struct opt options_history[] = {
	{ "format", 0, OPT_STRING, offsetof(struct history_request, format), "FORMAT",
	  "table, json, jsonl, or a Go template" },
	{ "human", 'H', OPT_CALL, 0, "BOOL",
	  "sizes and times as people read them; with false, bytes and dates",
	  .flags = OPT_OPTIONAL_VALUE, .values = VALUES_WORDS, .words = "true|false",
	  .parse = set_human },
	{ "no-trunc", 0, OPT_FLAG, offsetof(struct history_request, no_trunc),
	  .help = "show IDs and commands whole" },
	{ "noheading", 'n', OPT_FLAG, offsetof(struct history_request, no_heading),
	  .help = "print no heading" },
	{ "quiet", 'q', OPT_FLAG, offsetof(struct history_request, quiet),
	  .help = "print IDs only" },
	OPT_END,
};

/* One step in the making of the image; texts belong to the document. */
struct step {
	const struct history_request *request;
	const char *id; /* of the image, of its topmost step; NULL */
	const char *created_by, *comment;
	int64_t created;
	uint64_t size;
};

struct steps {
	struct step *v;
	size_t n;
};

static void steps_release(struct steps *steps)
{
	free(steps->v);
}

/* --- columns ---------------------------------------------------------------------------------- */

static void print_id(struct buf *out, const void *data)
{
	const struct step *step = data;

	if (step->id == NULL)
		buf_add_str(out, MISSING);
	else if (step->request->no_trunc)
		buf_add_str(out, step->id);
	else
		buf_add(out, digest_hex(step->id), SHORT_ID);
}

static void print_created_since(struct buf *out, const void *data)
{
	const struct step *step = data;

	if (step->request->exact)
		when_print_time(out, step->created);
	else
		when_print_since(out, step->created);
}

static void print_created_at(struct buf *out, const void *data)
{
	const struct step *step = data;

	if (step->created != 0)
		when_print_time(out, step->created);
}

static void print_text(struct buf *out, const char *text, bool whole)
{
	out_cut(out, text, whole ? 0 : SHORT_TEXT);
}

static void print_created_by(struct buf *out, const void *data)
{
	const struct step *step = data;

	print_text(out, step->created_by, step->request->no_trunc);
}

static void print_step_size(struct buf *out, const void *data)
{
	const struct step *step = data;

	if (step->request->exact)
		buf_addf(out, "%" PRIu64, step->size);
	else
		units_print_size(out, step->size);
}

static void print_comment(struct buf *out, const void *data)
{
	const struct step *step = data;

	print_text(out, step->comment, step->request->no_trunc);
}

static const struct out_field fields[] = {
	{ "ID", "IMAGE", true, print_id },
	{ "CreatedSince", "CREATED", true, print_created_since },
	{ "CreatedAt", "CREATED AT", false, print_created_at },
	{ "CreatedBy", "CREATED BY", true, print_created_by },
	{ "Size", "SIZE", true, print_step_size },
	{ "Comment", "COMMENT", true, print_comment },
	{ .name = NULL },
};

/* --- steps ------------------------------------------------------------------------------------ */

static uint64_t layer_size(const struct store *store, const struct strvec *layers, size_t index)
{
	uint64_t size = 0;

	if (index < layers->n && digest_is_valid(layers->v[index]) &&
	    ingest_layer_size(store, layers->v[index], &size) < 0)
		err_clear();
	return size;
}

static int add_step(const struct store *store, const cJSON *item, const struct strvec *layers,
		    size_t *layer, struct steps *steps)
{
	struct step *step = VEC_PUSH(steps);
	const char *created = NULL;
	bool empty = false;
	uint32_t nsec;

	step->created_by = step->comment = "";
	if (item != NULL) {
		TRY(json_get_string(item, "created_by", &step->created_by));
		TRY(json_get_string(item, "comment", &step->comment));
		TRY(json_get_string(item, "created", &created));
		TRY(json_get_bool(item, "empty_layer", &empty));
	}
	if (created != NULL && units_parse_time(created, &step->created, &nsec) < 0) {
		err_clear();
		step->created = 0;
	}
	if (!empty) {
		step->size = layer_size(store, layers, *layer);
		(*layer)++;
	}
	return 0;
}

static int read_steps(const struct store *store, const cJSON *image, struct steps *steps)
{
	AUTO(strvec) layers = STRVEC_INIT;
	const cJSON *history = NULL, *rootfs = NULL, *item;
	const char *id = NULL;
	size_t layer = 0;

	TRY(json_get_string(image, "Id", &id));
	TRY(json_get_object(image, "RootFS", &rootfs));
	TRY(json_get_strings(rootfs, "Layers", &layers));
	TRY(json_get_array(image, "History", &history));
	cJSON_ArrayForEach(item, history) TRY(add_step(store, item, &layers, &layer, steps));
	/* Layers that nobody told about. */
	while (layer < layers.n)
		TRY(add_step(store, NULL, &layers, &layer, steps));
	if (steps->n > 0)
		steps->v[steps->n - 1].id = id;
	return 0;
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct history_request *request = data;
	AUTO(out_list) list = { 0 };
	AUTO(steps) steps = { 0 };
	AUTO(store) store = STORE_INIT;
	autojson cJSON *image = NULL;

	TRY(out_list_begin(&list, fields, request->quiet ? "{{.ID}}" : request->format));
	list.headings = !request->no_heading;
	TRY(inspect_image(host, operands->v[0], &image));
	TRY(store_open(host, &store));
	TRY(fail_in(read_steps(&store, image, &steps), "the configuration of '%s'",
		    operands->v[0]));
	for (size_t i = steps.n; i-- > 0;) {
		steps.v[i].request = request;
		TRY(out_list_row(&list, &steps.v[i]));
	}
	return out_list_end(&list);
}

const struct command command_history = {
	.name = "history",
	.alias = "image history",
	.synopsis = "[OPTIONS] IMAGE",
	.summary = "Show how an image was made, and how large its layers are",
	.options = (const struct opt *const[]){ options_history, NULL },
	.request_size = sizeof(struct history_request),
	.operands_min = 1,
	.operands_max = 1,
	.operand_values = VALUES_IMAGE,
	.run = run,
};
