/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/out.h"
#include "base/units.h"
#include "image/ingest.h"
#include "image/lookup.h"
#include "image/plan.h"
#include "image/ref.h"

#define NONE "<none>"
#define SHORT_ID 12

struct images_request {
	bool all, quiet, digests, no_trunc, no_heading;
	char *format;
	struct strvec filters;
};

static const struct opt options_images[] = {
	{ "all", 'a', OPT_FLAG, offsetof(struct images_request, all),
	  .help = "also images that were run from an archive and have no name" },
	{ "digests", 0, OPT_FLAG, offsetof(struct images_request, digests),
	  .help = "show the digests of the manifests" },
	{ "filter", 'f', OPT_STRINGS, offsetof(struct images_request, filters), "KEY=VALUE",
	  "list only what matches: reference=PATTERN, dangling=BOOL, label=KEY[=VALUE]" },
	{ "format", 0, OPT_STRING, offsetof(struct images_request, format), "FORMAT",
	  "table, json, jsonl, or a Go template" },
	{ "no-trunc", 0, OPT_FLAG, offsetof(struct images_request, no_trunc),
	  .help = "show IDs whole" },
	{ "noheading", 'n', OPT_FLAG, offsetof(struct images_request, no_heading),
	  .help = "print no heading" },
	{ "quiet", 'q', OPT_FLAG, offsetof(struct images_request, quiet),
	  .help = "print IDs only" },
	OPT_END,
};

struct row {
	const struct image_item *item;
	char *repository, *tag, *familiar;
	struct strvec labels;
	int64_t created;
	uint64_t size;
	bool no_trunc;
};

struct rows {
	struct row *v;
	size_t n;
};

static void row_release(struct row *row)
{
	free(row->repository);
	free(row->tag);
	free(row->familiar);
	strvec_release(&row->labels);
}

static void rows_release(struct rows *rows)
{
	for (size_t i = 0; i < rows->n; i++)
		row_release(&rows->v[i]);
	free(rows->v);
}

/* --- columns ---------------------------------------------------------------------------------- */

static void print_repository(struct buf *out, const void *data)
{
	const struct row *row = data;

	buf_add_str(out, row->repository != NULL ? row->repository : NONE);
}

static void print_tag(struct buf *out, const void *data)
{
	const struct row *row = data;

	buf_add_str(out, row->tag != NULL ? row->tag : NONE);
}

static void print_digest(struct buf *out, const void *data)
{
	const struct row *row = data;

	buf_add_str(out, row->item->digest[0] != '\0' ? row->item->digest : NONE);
}

static void print_id(struct buf *out, const void *data)
{
	const struct row *row = data;

	if (row->item->id[0] == '\0')
		buf_add_str(out, "<damaged>");
	else if (row->no_trunc)
		buf_add_str(out, row->item->id);
	else
		buf_add(out, digest_hex(row->item->id), SHORT_ID);
}

static void print_since(struct buf *out, const void *data)
{
	const struct row *row = data;
	int64_t age = (int64_t)time(NULL) - row->created;

	if (row->created == 0) {
		buf_add_str(out, "N/A");
		return;
	}
	units_print_age(out, age > 0 ? (uint64_t)age : 0);
	buf_add_str(out, " ago");
}

static void print_at(struct buf *out, const void *data)
{
	const struct row *row = data;
	struct tm tm;
	time_t when = (time_t)row->created;
	char text[40];

	if (row->created == 0 || gmtime_r(&when, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S +0000 UTC", &tm) == 0)
		buf_add_str(out, "N/A");
	else
		buf_add_str(out, text);
}

static void print_size(struct buf *out, const void *data)
{
	units_print_size(out, ((const struct row *)data)->size);
}

static void print_name(struct buf *out, const void *data)
{
	const struct row *row = data;

	buf_add_str(out, row->item->name != NULL ? row->item->name : NONE);
}

static const struct out_field fields[] = {
	{ "Repository", "REPOSITORY", true, print_repository },
	{ "Tag", "TAG", true, print_tag },
	{ "Digest", "DIGEST", false, print_digest },
	{ "ID", "IMAGE ID", true, print_id },
	{ "CreatedSince", "CREATED", true, print_since },
	{ "CreatedAt", "CREATED AT", false, print_at },
	{ "Size", "SIZE", true, print_size },
	{ "Name", "NAME", false, print_name },
	{ .name = NULL },
};

/* --- filters ---------------------------------------------------------------------------------- */

static bool match_reference(const struct row *row, const char *pattern)
{
	const char *const names[] = { row->item->name, row->repository, row->familiar };
	autofree char *bare = NULL;
	size_t len;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i] != NULL && fnmatch(pattern, names[i], FNM_PATHNAME) == 0)
			return true;
	if (row->familiar == NULL || row->tag == NULL)
		return false;
	/* As people write it, without the tag. */
	len = strlen(row->familiar) - strlen(row->tag) - 1;
	bare = xstrndup(row->familiar, len);
	return fnmatch(pattern, bare, FNM_PATHNAME) == 0;
}

static bool match_dangling(const struct row *row, const char *value)
{
	bool wanted = value[0] == 't' || value[0] == '1';

	return wanted == (row->item->name == NULL);
}

static bool match_label(const struct row *row, const char *value)
{
	for (size_t i = 0; i < row->labels.n; i++) {
		const char *label = row->labels.v[i];

		if (strcmp(label, value) == 0 ||
		    (strchr(value, '=') == NULL && strncmp(label, value, strlen(value)) == 0 &&
		     label[strlen(value)] == '='))
			return true;
	}
	return false;
}

static const struct {
	const char *key;
	bool (*match)(const struct row *row, const char *value);
	const char *words; /* NULL: any value */
} filters[] = {
	{ "reference", match_reference, NULL },
	{ "dangling", match_dangling, "true|false|1|0" },
	{ "label", match_label, NULL },
};

static int check_filter(const char *filter, size_t *ret_index)
{
	AUTO(strvec) words = STRVEC_INIT;
	size_t len = strcspn(filter, "=");

	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		if (strlen(filters[i].key) != len || strncmp(filters[i].key, filter, len) != 0)
			continue;
		if (filter[len] == '\0')
			break;
		if (filters[i].words != NULL)
			strvec_split(&words, filters[i].words, '|');
		if (words.n > 0 && !strvec_has(&words, filter + len + 1))
			return refuse("--filter %s: the value is none of %s", filter,
				      filters[i].words);
		*ret_index = i;
		return 0;
	}
	refuse("'%s' is not a filter", filter);
	hint("there are reference=PATTERN, dangling=true|false and label=KEY[=VALUE]");
	return -EINVAL;
}

/* 1: the row is listed. */
static int is_wanted(const struct row *row, const struct images_request *request, const char *name)
{
	for (size_t i = 0; i < request->filters.n; i++) {
		const char *filter = request->filters.v[i];
		size_t index;

		TRY(check_filter(filter, &index));
		if (!filters[index].match(row, strchr(filter, '=') + 1))
			return 0;
	}
	return name == NULL || match_reference(row, name);
}

/* --- rows ------------------------------------------------------------------------------------- */

static void split_name(struct row *row)
{
	AUTO(ref) ref = { 0 };

	if (row->item->name == NULL)
		return;
	if (ref_parse(row->item->name, &ref) < 0) {
		err_clear();
		row->repository = xstrdup(row->item->name);
		return;
	}
	row->repository = ref_repository(&ref);
	row->familiar = ref_familiar(&ref);
	row->tag = xstrdup_null(ref.tag);
}

/* What the plan says. An image that was never unpacked here has none. */
static void read_details(const struct store *store, struct row *row)
{
	struct image_config config = { 0 };
	uint32_t nsec;

	if (row->item->id[0] == '\0' || plan_read(store, row->item->id, &config) < 0) {
		err_clear();
		return;
	}
	if (config.created != NULL && units_parse_time(config.created, &row->created, &nsec) < 0)
		row->created = 0;
	for (size_t i = 0; i < config.diff_ids.n; i++) {
		uint64_t size = 0;

		if (ingest_layer_size(store, config.diff_ids.v[i], &size) >= 0)
			row->size += size;
	}
	err_clear();
	row->labels = config.labels;
	config.labels = (struct strvec)STRVEC_INIT;
	image_config_release(&config);
}

static int compare_rows(const void *a, const void *b)
{
	const struct row *left = a, *right = b;
	const char *name = left->item->name != NULL ? left->item->name : "~";

	/* The youngest first. */
	if (left->created != right->created)
		return left->created < right->created ? 1 : -1;
	return strcmp(name, right->item->name != NULL ? right->item->name : "~");
}

static int print_rows(const struct images_request *request, const struct rows *rows)
{
	struct out_field chosen[ARRAY_SIZE(fields)];
	AUTO(out_list) list = { 0 };

	memcpy(chosen, fields, sizeof(fields));
	for (size_t i = 0; i < ARRAY_SIZE(fields) - 1; i++)
		if (strcmp(chosen[i].name, "Digest") == 0)
			chosen[i].in_table = request->digests;
	TRY(out_list_begin(&list, chosen, request->quiet ? "{{.ID}}" : request->format));
	list.headings = !request->no_heading;
	for (size_t i = 0; i < rows->n; i++)
		TRY(out_list_row(&list, &rows->v[i]));
	return out_list_end(&list);
}

static int add_row(const struct store *store, const struct image_item *item,
		   const struct images_request *request, const char *name, struct rows *rows)
{
	struct row row = { .item = item, .no_trunc = request->no_trunc };
	int wanted;

	split_name(&row);
	read_details(store, &row);
	wanted = is_wanted(&row, request, name);
	if (wanted > 0)
		*VEC_PUSH(rows) = row;
	else
		row_release(&row);
	return wanted;
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct images_request *request = data;
	const char *name = operands->n > 0 ? operands->v[0] : NULL;
	AUTO(image_items) items = { 0 };
	AUTO(catalog) catalog = CATALOG_INIT;
	AUTO(store) store = STORE_INIT;
	AUTO(rows) rows = { 0 };
	size_t index;

	for (size_t i = 0; i < request->filters.n; i++)
		TRY(check_filter(request->filters.v[i], &index));
	TRY(store_open(host, &store));
	TRY(catalog_open(&store, &catalog));
	TRY(lookup_all(&catalog, request->all, &items));
	for (size_t i = 0; i < items.n; i++)
		TRY(add_row(&store, &items.v[i], request, name, &rows));
	if (rows.n > 0)
		qsort(rows.v, rows.n, sizeof(*rows.v), compare_rows);
	return print_rows(request, &rows);
}

const struct command command_images = {
	.name = "images",
	.alias = "image ls|image list",
	.synopsis = "[OPTIONS] [NAME[:TAG]]",
	.summary = "List the images of the store",
	.options = (const struct opt *const[]){ options_images, NULL },
	.request_size = sizeof(struct images_request),
	.operands_max = 1,
	.operand_values = VALUES_IMAGE,
	.run = run,
};
