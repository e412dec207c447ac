/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/out.h"
#include "base/units.h"
#include "command/imageusers.h"
#include "command/when.h"
#include "image/imageselect.h"
#include "image/lookup.h"
#include "image/ref.h"
#include "image/summary.h"

#define FILTERS \
	"reference|dangling|label|before|since|until|containers|readonly|id|manifest|intermediate"
#define NONE "<none>"
#define SHORT_ID 12

enum sort_key {
	SORT_CREATED,
	SORT_ID,
	SORT_REPOSITORY,
	SORT_SIZE,
	SORT_TAG,
};

struct images_request {
	bool all, quiet, digests, no_trunc, no_heading;
	int sort;
	char *format;
	struct strvec filters;
};

static const struct opt options_images[] = {
	{ "all", 'a', OPT_FLAG, offsetof(struct images_request, all),
	  .help = "also images that were run from an archive and have no name" },
	{ "digests", 0, OPT_FLAG, offsetof(struct images_request, digests),
	  .help = "show the digests of the manifests" },
	{ "filter", 'f', OPT_STRINGS, offsetof(struct images_request, filters), "KEY=VALUE",
	  "list only what matches: reference, dangling, label, before, since, until, containers, "
	  "readonly, id, manifest or intermediate" },
	{ "format", 0, OPT_STRING, offsetof(struct images_request, format), "FORMAT",
	  "table, json, jsonl, or a Go template" },
	{ "history", 0, OPT_REFUSED, .help = "the names that an image had before are not kept" },
	{ "no-trunc", 0, OPT_FLAG, offsetof(struct images_request, no_trunc),
	  .help = "show IDs whole" },
	{ "noheading", 'n', OPT_FLAG, offsetof(struct images_request, no_heading),
	  .help = "print no heading" },
	{ "quiet", 'q', OPT_FLAG, offsetof(struct images_request, quiet),
	  .help = "print IDs only" },
	{ "sort", 0, OPT_CHOICE, offsetof(struct images_request, sort), "KEY",
	  "sort by created (the default: the youngest first), id, repository, size or tag",
	  .values = VALUES_WORDS, .words = "created|id|repository|size|tag" },
	OPT_END,
};

struct row {
	const struct image_item *item;
	char *repository, *tag;
	struct summary summary;
	size_t containers; /* that use it */
	bool no_trunc;
};

struct rows {
	struct row *v;
	size_t n;
};

struct listing {
	const struct images_request *request;
	const char *name; /* a pattern that names match; NULL: all */
	struct store store;
	struct catalog catalog;
	struct image_items items;
	struct image_selection selection;
	struct strvec used; /* IDs, one for each container */
	struct rows rows;
};

static void row_release(struct row *row)
{
	free(row->repository);
	free(row->tag);
	summary_release(&row->summary);
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
	when_print_since(out, ((const struct row *)data)->summary.created);
}

static void print_at(struct buf *out, const void *data)
{
	when_print_at(out, ((const struct row *)data)->summary.created);
}

static void print_size(struct buf *out, const void *data)
{
	units_print_size(out, ((const struct row *)data)->summary.size);
}

static void print_name(struct buf *out, const void *data)
{
	const struct row *row = data;

	buf_add_str(out, row->item->name != NULL ? row->item->name : NONE);
}

static void print_labels(struct buf *out, const void *data)
{
	const struct strvec *labels = &((const struct row *)data)->summary.labels;

	for (size_t i = 0; i < labels->n; i++)
		buf_addf(out, "%s%s", i > 0 ? "," : "", labels->v[i]);
}

static void print_containers(struct buf *out, const void *data)
{
	buf_addf(out, "%zu", ((const struct row *)data)->containers);
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
	{ "Labels", "LABELS", false, print_labels },
	{ "Containers", "CONTAINERS", false, print_containers },
	{ .name = NULL },
};

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
	row->tag = xstrdup_null(ref.tag);
}

static int compare_texts(const char *left, const char *right)
{
	/* What has none comes last. */
	return strcmp(left != NULL ? left : "~", right != NULL ? right : "~");
}

/* The youngest first. */
static int compare_created(const struct row *left, const struct row *right)
{
	if (left->summary.created != right->summary.created)
		return left->summary.created < right->summary.created ? 1 : -1;
	return compare_texts(left->item->name, right->item->name);
}

static int compare_ids(const struct row *left, const struct row *right)
{
	return strcmp(left->item->id, right->item->id);
}

static int compare_repositories(const struct row *left, const struct row *right)
{
	return compare_texts(left->repository, right->repository);
}

static int compare_sizes(const struct row *left, const struct row *right)
{
	return left->summary.size < right->summary.size ? -1
							: left->summary.size > right->summary.size;
}

static int compare_tags(const struct row *left, const struct row *right)
{
	return compare_texts(left->tag, right->tag);
}

static int (*const comparers[])(const struct row *left, const struct row *right) = {
	[SORT_CREATED] = compare_created,
	[SORT_ID] = compare_ids,
	[SORT_REPOSITORY] = compare_repositories,
	[SORT_SIZE] = compare_sizes,
	[SORT_TAG] = compare_tags,
};

static int compare_rows(const void *a, const void *b, void *arg)
{
	int rc = comparers[*(const int *)arg](a, b);

	return rc != 0 ? rc : compare_created(a, b);
}

static int print_rows(const struct listing *listing)
{
	const struct images_request *request = listing->request;
	struct out_field chosen[ARRAY_SIZE(fields)];
	AUTO(out_list) list = { 0 };

	memcpy(chosen, fields, sizeof(fields));
	for (size_t i = 0; i < ARRAY_SIZE(fields) - 1; i++)
		if (strcmp(chosen[i].name, "Digest") == 0)
			chosen[i].in_table = request->digests;
	TRY(out_list_begin(&list, chosen, request->quiet ? "{{.ID}}" : request->format));
	list.headings = !request->no_heading;
	for (size_t i = 0; i < listing->rows.n; i++)
		TRY(out_list_row(&list, &listing->rows.v[i]));
	return out_list_end(&list);
}

static size_t count(const struct strvec *ids, const char *id)
{
	size_t n = 0;

	for (size_t i = 0; i < ids->n; i++)
		n += strcmp(ids->v[i], id) == 0 ? 1 : 0;
	return n;
}

static bool is_list(const struct listing *listing, const struct image_item *item)
{
	const char *type =
		item->entry >= 0 ? listing->catalog.v[item->entry].descriptor.media_type : NULL;

	return type != NULL && media_kind(type) == MEDIA_INDEX;
}

static void add_row(struct listing *listing, const struct image_item *item)
{
	struct row row = { .item = item, .no_trunc = listing->request->no_trunc };
	struct image_facts facts = { .name = item->name, .id = item->id, .summary = &row.summary };

	split_name(&row);
	(void)summary_read(&listing->store, item->id, &row.summary);
	row.containers = count(&listing->used, item->id);
	facts.used = row.containers > 0;
	facts.list = is_list(listing, item);
	if (imageselect_matches(&listing->selection, &facts) &&
	    (listing->name == NULL ||
	     (item->name != NULL && imageselect_reference(item->name, listing->name))))
		*VEC_PUSH(&listing->rows) = row;
	else
		row_release(&row);
}

/* Containers are looked at only where somebody asks. */
static bool asks_used(const struct listing *listing)
{
	const char *format = listing->request->format;

	return listing->selection.asks_used ||
	       (format != NULL &&
		(strstr(format, "json") != NULL || strstr(format, "Containers") != NULL));
}

static void listing_release(struct listing *listing)
{
	rows_release(&listing->rows);
	strvec_release(&listing->used);
	image_selection_release(&listing->selection);
	image_items_release(&listing->items);
	catalog_release(&listing->catalog);
	store_release(&listing->store);
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	AUTO(listing)
	listing = { .request = data, .store = STORE_INIT, .catalog = CATALOG_INIT };

	listing.name = operands->n > 0 ? operands->v[0] : NULL;
	TRY(store_open(host, &listing.store));
	TRY(catalog_open(&listing.store, &listing.catalog));
	TRY(imageselect_parse(&listing.request->filters, FILTERS, &listing.catalog,
			      &listing.selection));
	TRY(lookup_all(&listing.catalog, listing.request->all, &listing.items));
	if (asks_used(&listing))
		TRY(imageusers_list((void *)host, &listing.used));
	for (size_t i = 0; i < listing.items.n; i++)
		add_row(&listing, &listing.items.v[i]);
	if (listing.rows.n > 0)
		qsort_r(listing.rows.v, listing.rows.n, sizeof(*listing.rows.v), compare_rows,
			(void *)&listing.request->sort);
	return print_rows(&listing);
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
