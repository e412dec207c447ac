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
	  "list only what matches: reference=PATTERN, dangling=BOOL, label=KEY[=VALUE], "
	  "before=IMAGE, since=IMAGE, until=TIME" },
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

struct filter {
	const struct filter_key *key;
	const char *value;
	int64_t time; /* before, since and until */
};

struct filters {
	struct filter *v;
	size_t n;
};

static void filters_release(struct filters *filters)
{
	free(filters->v);
}

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

/* --- filters ---------------------------------------------------------------------------------- */

static bool is_named(const struct row *row, const char *pattern)
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

static bool match_reference(const struct row *row, const struct filter *filter)
{
	return is_named(row, filter->value);
}

static bool match_dangling(const struct row *row, const struct filter *filter)
{
	bool wanted = filter->value[0] == 't' || filter->value[0] == '1';

	return wanted == (row->item->name == NULL);
}

static bool match_label(const struct row *row, const struct filter *filter)
{
	const char *value = filter->value;

	for (size_t i = 0; i < row->labels.n; i++) {
		const char *label = row->labels.v[i];

		if (strcmp(label, value) == 0 ||
		    (strchr(value, '=') == NULL && strncmp(label, value, strlen(value)) == 0 &&
		     label[strlen(value)] == '='))
			return true;
	}
	return false;
}

/* "label" and "label!": with and without. */
static bool match_no_label(const struct row *row, const struct filter *filter)
{
	return !match_label(row, filter);
}

static bool match_before(const struct row *row, const struct filter *filter)
{
	return row->created < filter->time;
}

static bool match_since(const struct row *row, const struct filter *filter)
{
	return row->created > filter->time;
}

static int prepare_dangling(const struct catalog *catalog, struct filter *filter)
{
	AUTO(strvec) words = STRVEC_INIT;

	strvec_split(&words, "true|false|1|0", '|');
	return strvec_has(&words, filter->value) ? 0
						 : refuse("the value is neither true nor false");
}

static int prepare_image(const struct catalog *catalog, struct filter *filter)
{
	AUTO(image_item) item = { 0 };
	AUTO(row) row = { .item = &item };
	bool by_name;

	TRY(lookup(catalog, filter->value, &item, &by_name));
	read_details(catalog->store, &row);
	filter->time = row.created;
	return 0;
}

/* A moment, its seconds since 1970, or how long ago it was: 24h. */
static int prepare_until(const struct catalog *catalog, struct filter *filter)
{
	const char *value = filter->value;
	uint64_t usec;
	uint32_t nsec;

	if (value[0] != '\0' && strspn(value, "0123456789") == strlen(value))
		return units_parse_i64(value, 0, INT64_MAX, &filter->time);
	if (units_parse_duration(value, &usec) >= 0) {
		filter->time = (int64_t)time(NULL) - (int64_t)(usec / 1000000);
		return 0;
	}
	err_clear();
	return units_parse_time(value, &filter->time, &nsec);
}

static const struct filter_key {
	const char *name;
	bool all; /* several of them must all match; of other keys one suffices */
	int (*prepare)(const struct catalog *catalog, struct filter *filter);
	bool (*match)(const struct row *row, const struct filter *filter);
} filter_keys[] = {
	{ "reference", false, NULL, match_reference },
	{ "dangling", false, prepare_dangling, match_dangling },
	{ "label", true, NULL, match_label },
	{ "label!", true, NULL, match_no_label },
	{ "before", false, prepare_image, match_before },
	{ "since", false, prepare_image, match_since },
	{ "until", false, prepare_until, match_before },
};

static int parse_filter(const struct catalog *catalog, const char *text, struct filter *ret_filter)
{
	const char *equals = strchr(text, '=');

	for (size_t i = 0; equals != NULL && i < ARRAY_SIZE(filter_keys); i++) {
		const struct filter_key *key = &filter_keys[i];

		if (strlen(key->name) != (size_t)(equals - text) ||
		    strncmp(key->name, text, strlen(key->name)) != 0)
			continue;
		*ret_filter = (struct filter){ .key = key, .value = equals + 1 };
		return key->prepare == NULL
			       ? 0
			       : fail_in(key->prepare(catalog, ret_filter), "--filter %s", text);
	}
	refuse("'%s' is not a filter", text);
	hint("there are reference=PATTERN, dangling=true|false, label=KEY[=VALUE], before=IMAGE, "
	     "since=IMAGE and until=TIME");
	return -EINVAL;
}

static bool is_wanted(const struct row *row, const struct filters *filters)
{
	for (size_t i = 0; i < filters->n; i++) {
		const struct filter *filter = &filters->v[i];
		bool matches = filter->key->match(row, filter);

		for (size_t k = 0; k < filters->n && !matches && !filter->key->all; k++)
			matches = filters->v[k].key == filter->key &&
				  filter->key->match(row, &filters->v[k]);
		if (!matches)
			return false;
	}
	return true;
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

static void add_row(const struct store *store, const struct image_item *item,
		    const struct filters *filters, const char *name, struct rows *rows)
{
	struct row row = { .item = item };

	split_name(&row);
	read_details(store, &row);
	if (is_wanted(&row, filters) && (name == NULL || is_named(&row, name)))
		*VEC_PUSH(rows) = row;
	else
		row_release(&row);
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct images_request *request = data;
	const char *name = operands->n > 0 ? operands->v[0] : NULL;
	AUTO(image_items) items = { 0 };
	AUTO(catalog) catalog = CATALOG_INIT;
	AUTO(store) store = STORE_INIT;
	AUTO(filters) filters = { 0 };
	AUTO(rows) rows = { 0 };

	TRY(store_open(host, &store));
	TRY(catalog_open(&store, &catalog));
	for (size_t i = 0; i < request->filters.n; i++)
		TRY(parse_filter(&catalog, request->filters.v[i], VEC_PUSH(&filters)));
	TRY(lookup_all(&catalog, request->all, &items));
	for (size_t i = 0; i < items.n; i++)
		add_row(&store, &items.v[i], &filters, name, &rows);
	for (size_t i = 0; i < rows.n; i++)
		rows.v[i].no_trunc = request->no_trunc;
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
