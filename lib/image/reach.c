/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/reach.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "image/catalog.h"
#include "image/plan.h"

void reach_release(struct reach *reach)
{
	strvec_release(&reach->blobs);
	strvec_release(&reach->layers);
	seen_release(&reach->seen);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool has(const struct strvec *list, const char *hex)
{
	return list->n > 0 &&
	       bsearch(&hex, list->v, list->n, sizeof(*list->v), compare_names) != NULL;
}

bool reach_has_blob(const struct reach *reach, const char *hex)
{
	return has(&reach->blobs, hex);
}

bool reach_has_layer(const struct reach *reach, const char *hex)
{
	return has(&reach->layers, hex);
}

void reach_sort(struct reach *reach)
{
	if (reach->blobs.n > 0)
		qsort(reach->blobs.v, reach->blobs.n, sizeof(*reach->blobs.v), compare_names);
	if (reach->layers.n > 0)
		qsort(reach->layers.v, reach->layers.n, sizeof(*reach->layers.v), compare_names);
}

static void add(struct strvec *list, const char *digest)
{
	strvec_push(list, digest_hex(digest));
}

/* 1 and the blob's text; 0 where there is no such blob: nothing below it can be in use. */
static int read_blob(const struct reach *reach, const char *digest, struct buf *text)
{
	autofree char *path = xasprintf("blobs/sha256/%s", digest_hex(digest));
	int there = fs_exists(reach->store->fd, path);

	if (there <= 0)
		return there;
	TRY(fs_read_file(reach->store->fd, path, MAX_MANIFEST, text));
	return 1;
}

static int add_config(struct reach *reach, const struct descriptor *d)
{
	struct image_config config = { 0 };
	AUTO(buf) text = BUF_INIT;
	int rc;

	add(&reach->blobs, d->digest);
	/* The plan, where there is one, names the same layers. */
	rc = plan_read(reach->store, d->digest, &config);
	if (rc == -ENOENT) {
		rc = read_blob(reach, d->digest, &text);
		if (rc <= 0)
			return rc;
		TRY(imageconfig_parse(text.data, text.len, d->digest, &config));
	}
	TRY(rc);
	for (size_t i = 0; i < config.diff_ids.n; i++)
		add(&reach->layers, config.diff_ids.v[i]);
	image_config_release(&config);
	return 0;
}

static int add_manifest(struct reach *reach, const struct descriptor *d, int depth)
{
	AUTO(manifest) m = { 0 };
	AUTO(buf) text = BUF_INIT;
	int rc;

	add(&reach->blobs, d->digest);
	if (depth > MAX_INDEX_NESTING || seen_has(&reach->seen, d->digest, depth))
		return 0;
	seen_add(&reach->seen, d->digest, depth);
	rc = read_blob(reach, d->digest, &text);
	if (rc <= 0)
		return rc;
	TRY(manifest_parse(text.data, text.len, d->digest, &m));
	for (size_t i = 0; i < m.manifests.n; i++)
		TRY(add_manifest(reach, &m.manifests.v[i], depth + 1));
	if (m.is_index)
		return 0;
	for (size_t i = 0; i < m.layers.n; i++)
		add(&reach->blobs, m.layers.v[i].digest);
	return add_config(reach, &m.config);
}

int reach_manifest(struct reach *reach, const struct descriptor *manifest)
{
	return add_manifest(reach, manifest, 0);
}

int reach_plan(struct reach *reach, const char *id)
{
	struct image_config config = { 0 };
	int rc = plan_read(reach->store, id, &config);

	if (rc == -ENOENT)
		return 0;
	TRY(rc);
	for (size_t i = 0; i < config.diff_ids.n; i++)
		add(&reach->layers, config.diff_ids.v[i]);
	image_config_release(&config);
	return 0;
}

int reach_all(struct reach *reach)
{
	AUTO(catalog) catalog = CATALOG_INIT;
	AUTO(strvec) ids = STRVEC_INIT;

	TRY(catalog_open(reach->store, &catalog));
	for (size_t i = 0; i < catalog.n; i++)
		TRY(reach_manifest(reach, &catalog.v[i].descriptor));
	TRY(plan_list(reach->store, &ids));
	for (size_t i = 0; i < ids.n; i++)
		TRY(reach_plan(reach, ids.v[i]));
	reach_sort(reach);
	return 0;
}
