/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "image/catalog.h"
#include "image/garbage.h"
#include "image/ingest.h"
#include "image/lookup.h"
#include "image/plan.h"
#include "image/source.h"

#define MAX_TRIES 3 /* of an image that is removed and loaded anew while we look */

static const struct {
	const char *prefix;
	enum source_kind kind;
} transports[] = {
	{ "docker-archive:", SOURCE_DOCKER },
	{ "oci-archive:", SOURCE_OCI },
	{ "oci:", SOURCE_OCI },
};

static void complete(const struct store *store, struct image *image)
{
	/* Overlayfs wants the topmost first. */
	for (size_t i = image->config.diff_ids.n; i-- > 0;)
		strvec_push_owned(&image->layers,
				  store_layer_path(store, image->config.diff_ids.v[i]));
}

static int take_plan(const struct store *store, const char *id, const char *digest,
		     struct image *image)
{
	TRY(plan_open(store, id, &image->config, &image->lock));
	memcpy(image->id, id, DIGEST_TEXT_SIZE);
	memcpy(image->digest, digest, DIGEST_TEXT_SIZE);
	return 0;
}

static bool suits(const struct image *image, const struct platform *platform)
{
	const struct image_config *c = &image->config;

	return platform == NULL || platform_rank(platform, c->os, c->architecture, c->variant) >= 0;
}

/* The path of nearly every run: the cache knows the name, and the plan is there. 1, 0, or
 * negative. */
static int open_cached(const struct store *store, const struct strvec *names,
		       const struct platform *platform, struct image *image)
{
	char id[DIGEST_TEXT_SIZE], digest[DIGEST_TEXT_SIZE];

	for (size_t i = 0; i < names->n; i++) {
		int rc;

		if (catalog_recall(store, names->v[i], id, digest) == 0)
			continue;
		rc = take_plan(store, id, digest, image);
		if (rc == -ENOENT)
			return 0;
		TRY(rc);
		image->name = xstrdup(names->v[i]);
		if (suits(image, platform))
			return 1;
		image_release(image);
		return 0;
	}
	return 0;
}

/* Make sure that the layers and the plan of an entry of the catalog are there. */
static int prepare_entry(struct store *store, const struct catalog *catalog,
			 const struct image_item *item, const struct platform *platform,
			 struct image *image)
{
	const struct catalog_entry *entry = &catalog->v[item->entry];
	struct descriptors list = { .v = (struct descriptor *)&entry->descriptor, .n = 1 };
	autofree char *what = xasprintf("image '%s'", item->name != NULL ? item->name : item->id);
	AUTO(archive) layout = ARCHIVE_INIT;
	AUTO(bundle) bundle = BUNDLE_INIT;

	TRY(archive_open_dir(store->fd, store->path, &layout));
	TRY(bundle_read_layout(&layout, &list, platform, what, &bundle));
	TRY(ingest_layers(store, &bundle));
	TRY(take_plan(store, bundle.id, bundle.digest, image));
	image->name = xstrdup(item->name != NULL ? item->name : item->id);
	if (item->name != NULL && platform == NULL)
		catalog_remember(catalog, item->name, bundle.id, bundle.digest);
	return 0;
}

static int open_from_catalog(struct store *store, const char *text, const struct platform *platform,
			     struct image *image)
{
	autoclose int hold = store_hold(store);
	AUTO(catalog) catalog = CATALOG_INIT;
	AUTO(image_item) item = { 0 };
	bool by_name;

	TRY(hold);
	TRY(catalog_open(store, &catalog));
	TRY(lookup(&catalog, text, &item, &by_name));
	if (item.entry >= 0)
		return prepare_entry(store, &catalog, &item, platform, image);
	TRY(take_plan(store, item.id, "", image));
	image->name = xstrdup(item.id);
	if (!suits(image, platform))
		return refuse_with(ENOENT, "image '%s' is for another platform: %s/%s", text,
				   image->config.os, image->config.architecture);
	return 0;
}

static int open_named(struct store *store, const char *text, const struct platform *platform,
		      struct image *image)
{
	AUTO(strvec) names = STRVEC_INIT;
	int rc;

	lookup_names(text, &names);
	for (int i = 0; i < MAX_TRIES; i++) {
		rc = open_cached(store, &names, platform, image);
		if (rc != 0)
			return rc;
		err_clear();
		rc = open_from_catalog(store, text, platform, image);
		/* A plan that went just now leaves no word. */
		if (rc != -ENOENT || err_text()[0] != '\0')
			return rc;
		image_release(image);
	}
	return lookup_fail(text);
}

static int open_archive(struct store *store, enum source_kind kind, const char *path,
			const char *ref, const struct platform *platform, struct image *image)
{
	const struct source_image *chosen = NULL;
	AUTO(source) source = SOURCE_INIT;
	AUTO(bundle) bundle = BUNDLE_INIT;
	AUTO(store_tmp) tmp = STORE_TMP_INIT;
	AUTO(err_kept) kept = { 0 };
	autoclose int hold = -1;
	int rc;

	TRY(source_open(store, kind, path, &source));
	TRY(source_find(&source, ref, &chosen));
	TRY(bundle_read(&source, chosen, platform, &bundle));
	hold = store_hold(store);
	TRY(hold);
	if (take_plan(store, bundle.id, bundle.digest, image) == 0)
		return 0;
	/* Layers that nothing refers to yet: who finds this finds them, where we are killed. */
	TRY(store_tmp_make(store, &tmp));
	rc = ingest_layers(store, &bundle);
	if (rc >= 0)
		return take_plan(store, bundle.id, bundle.digest, image);
	/* Layers that were unpacked before it failed serve nobody. */
	close(steal_fd(&hold));
	kept = err_keep();
	garbage_collect(store);
	err_restore(&kept);
	return rc;
}

/* "FILE[:REF]": cut it; the file's name has no colon. */
static char *cut_ref(char *path)
{
	char *colon = strchr(path, ':');

	if (colon == NULL || colon[1] == '\0')
		return NULL;
	*colon = '\0';
	return colon + 1;
}

static int open_transport(struct store *store, enum source_kind kind, const char *text,
			  const struct platform *platform, struct image *image)
{
	autofree char *path = xstrdup(text);
	const char *ref = cut_ref(path);

	if (path[0] == '\0')
		return refuse("the name of the archive is missing");
	return open_archive(store, kind, path, ref, platform, image);
}

bool image_is_elsewhere(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(transports); i++)
		if (strncmp(name, transports[i].prefix, strlen(transports[i].prefix)) == 0)
			return true;
	return strcmp(name, "-") == 0;
}

static int open_any(struct store *store, const char *name, const struct platform *platform,
		    struct image *image)
{
	int rc;

	for (size_t i = 0; i < ARRAY_SIZE(transports); i++) {
		size_t len = strlen(transports[i].prefix);

		if (strncmp(name, transports[i].prefix, len) != 0)
			continue;
		rc = open_transport(store, transports[i].kind, name + len, platform, image);
		if (rc >= 0)
			image->name = xstrdup(name);
		return rc;
	}
	if (strcmp(name, "-") != 0)
		return open_named(store, name, platform, image);
	rc = open_archive(store, SOURCE_ANY, name, NULL, platform, image);
	if (rc >= 0)
		image->name = xstrdup(name);
	return rc;
}

int image_open(struct store *store, const char *name, const struct platform *platform,
	       struct image *ret_image)
{
	struct image image = IMAGE_INIT;
	int rc = open_any(store, name, platform, &image);

	if (rc < 0) {
		image_release(&image);
		return rc;
	}
	complete(store, &image);
	*ret_image = image;
	return 0;
}

void image_release(struct image *image)
{
	free(image->name);
	image_config_release(&image->config);
	strvec_release(&image->layers);
	if (image->lock >= 0)
		close(image->lock);
	*image = (struct image)IMAGE_INIT;
}
