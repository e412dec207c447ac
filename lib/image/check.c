/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "image/catalog.h"
#include "image/checkobjects.h"
#include "image/layer.h"
#include "image/lookup.h"
#include "image/plan.h"
#include "image/seen.h"
#include "image/source.h"

/* Where a check of a document ends: the slot has the reason. Other errors end the whole check. */
#define DAMAGED (-EBADMSG)

static int damaged(const char *what, const char *digest)
{
	return refuse_with(EBADMSG, "%s %s is damaged", what, digest);
}

/* --- documents -------------------------------------------------------------------------------- */

/* 1 and its text; 0: it is not there. */
static int read_document(const struct store *store, const struct descriptor *d, const char *what,
			 size_t max, struct buf *text)
{
	autofree char *path = xasprintf("blobs/sha256/%s", digest_hex(d->digest));
	int rc = fs_exists(store->fd, path);
	char digest[DIGEST_TEXT_SIZE];

	if (rc <= 0)
		return rc;
	rc = fs_read_file(store->fd, path, max, text);
	/* Other errors say nothing about the file. */
	if (rc == -EFBIG || rc == -EIO || rc == -EISDIR)
		return damaged(what, d->digest);
	TRY(rc);
	TRY(digest_of(text->data, text->len, digest));
	if (text->len != d->size || strcmp(digest, d->digest) != 0)
		return damaged(what, d->digest);
	return 1;
}

static int missing(const char *what, const char *digest)
{
	return refuse_with(EBADMSG, "%s %s is missing", what, digest);
}

static int check_layer(const struct store *store, const struct descriptor *d, const char *diff_id)
{
	autofree char *path = xasprintf("blobs/sha256/%s", digest_hex(d->digest));
	struct stat st;
	int there = diff_id != NULL ? layer_exists(store, diff_id) : 0;

	if (there != 0)
		return there < 0 ? there : 0;
	if (fstatat(store->fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? missing("the layer", d->digest)
				       : fail("cannot look at '%s/%s'", store->path, path);
	return S_ISREG(st.st_mode) && (uint64_t)st.st_size == d->size
		       ? 0
		       : damaged("the blob of the layer", d->digest);
}

static int check_image(const struct store *store, const struct manifest *m)
{
	struct image_config config = { 0 };
	AUTO(buf) text = BUF_INIT;
	int rc = read_document(store, &m->config, "the configuration", MAX_CONFIG, &text);

	if (rc == 0)
		return missing("the configuration", m->config.digest);
	TRY(rc);
	/* What is no image, but kept like one, has layers of its own kind. */
	if (imageconfig_parse(text.data, text.len, m->config.digest, &config) < 0)
		err_clear();
	rc = 0;
	for (size_t i = 0; i < m->layers.n && rc >= 0; i++)
		rc = check_layer(store, &m->layers.v[i],
				 config.diff_ids.n == m->layers.n ? config.diff_ids.v[i] : NULL);
	image_config_release(&config);
	return rc;
}

/* Nesting is bounded. 1: all of it is there; 0: nothing is. */
static int check_manifest(const struct store *store, const struct descriptor *d, int depth,
			  struct seen *seen)
{
	AUTO(manifest) m = { 0 };
	AUTO(buf) text = BUF_INIT;
	bool any = false;
	int rc;

	if (seen_has(seen, d->digest, depth))
		return 1;
	rc = read_document(store, d, "the manifest", MAX_MANIFEST, &text);
	if (rc <= 0 || depth > MAX_INDEX_NESTING)
		return rc;
	seen_add(seen, d->digest, depth);
	if (manifest_parse(text.data, text.len, d->digest, &m) < 0)
		return damaged("the manifest", d->digest);
	if (!m.is_index) {
		TRY(check_image(store, &m));
		return 1;
	}
	/* Of the platforms of an index some may have been left out. */
	for (size_t i = 0; i < m.manifests.n; i++) {
		rc = check_manifest(store, &m.manifests.v[i], depth + 1, seen);
		TRY(rc);
		any |= rc == 1;
	}
	return any || m.manifests.n == 0 ? 1 : missing("each manifest of the index", d->digest);
}

/* --- entries ---------------------------------------------------------------------------------- */

static int check_entry(const struct store *store, const struct catalog_entry *entry)
{
	AUTO(seen) seen = { NULL };
	int rc = check_manifest(store, &entry->descriptor, 0, &seen);

	return rc == 0 ? missing("the manifest", entry->descriptor.digest) : rc;
}

static int report_entry(const struct check *check, struct catalog *catalog, size_t i)
{
	const struct catalog_entry *entry = &catalog->v[i];
	autofree char *what =
		xasprintf("image '%s': %s",
			  entry->name != NULL ? entry->name : entry->descriptor.digest, err_text());

	err_clear();
	if (check->repair)
		catalog_remove(catalog, i);
	return check->found(check->arg, what, check->repair ? "the image was removed" : NULL);
}

static int check_entries(struct store *store, const struct check *check, struct catalog *catalog)
{
	size_t before = catalog->n;

	for (size_t i = catalog->n; i-- > 0;) {
		int rc = check_entry(store, &catalog->v[i]);

		if (rc == DAMAGED)
			rc = report_entry(check, catalog, i);
		TRY(rc);
	}
	if (catalog->n == before)
		return 0;
	TRY(store_mark_garbage(store));
	return catalog_commit(catalog);
}

/* --- plans ------------------------------------------------------------------------------------ */

static int check_plan(const struct store *store, const char *id)
{
	struct image_config config = { 0 };
	int rc = plan_read(store, id, &config);

	if (rc == -ENOENT)
		return refuse_with(EBADMSG, "the plan of %s is damaged", id);
	for (size_t i = 0; i < config.diff_ids.n && rc >= 0; i++) {
		rc = layer_exists(store, config.diff_ids.v[i]);
		if (rc == 0)
			rc = refuse_with(EBADMSG,
					 "the plan of %s names a layer that is missing: %s", id,
					 config.diff_ids.v[i]);
	}
	image_config_release(&config);
	return rc < 0 ? rc : 0;
}

/* One that is in use is not removed. */
static const char *remove_plan(struct store *store, const char *id)
{
	autoclose int lock = plan_lock(store, id);

	if (lock < 0 || store_mark_garbage(store) < 0 || plan_remove(store, id) < 0) {
		err_clear();
		return NULL;
	}
	return "it was removed, and is made again when it is needed";
}

static int check_plans(struct store *store, const struct check *check)
{
	AUTO(strvec) ids = STRVEC_INIT;

	TRY(plan_list(store, &ids));
	for (size_t i = 0; i < ids.n; i++) {
		autofree char *what = NULL;
		int rc = check_plan(store, ids.v[i]);

		if (rc != DAMAGED) {
			TRY(rc);
			continue;
		}
		what = xstrdup(err_text());
		err_clear();
		TRY(check->found(check->arg, what,
				 check->repair ? remove_plan(store, ids.v[i]) : NULL));
	}
	return 0;
}

/* --- the cache -------------------------------------------------------------------------------- */

static int check_name(const struct check *check, struct catalog *catalog,
		      const struct archive *layout, const struct catalog_entry *entry)
{
	struct descriptors list = { .v = (struct descriptor *)&entry->descriptor, .n = 1 };
	char id[DIGEST_TEXT_SIZE], digest[DIGEST_TEXT_SIZE];
	char found_id[DIGEST_TEXT_SIZE], found_digest[DIGEST_TEXT_SIZE];
	autofree char *what = NULL;

	if (entry->name == NULL || catalog_recall(catalog->store, entry->name, id, digest) == 0)
		return 0;
	if (bundle_identify(layout, &list, NULL, found_id, found_digest) < 0) {
		err_clear();
		return 0;
	}
	if (strcmp(id, found_id) == 0 && strcmp(digest, found_digest) == 0)
		return 0;
	what = xasprintf("image '%s': the cache takes it for another one", entry->name);
	if (check->repair)
		catalog_forget(catalog, entry->name);
	return check->found(check->arg, what, check->repair ? "that was forgotten" : NULL);
}

static int check_cache(const struct check *check, struct catalog *catalog)
{
	AUTO(archive) layout = ARCHIVE_INIT;

	TRY(archive_open_dir(catalog->store->fd, catalog->store->path, &layout));
	for (size_t i = 0; i < catalog->n; i++)
		TRY(check_name(check, catalog, &layout, &catalog->v[i]));
	return 0;
}

/* --- all -------------------------------------------------------------------------------------- */

static int check_mode(const struct store *store, const struct check *check)
{
	autofree char *what = NULL;
	bool done = false;
	struct stat st;

	if (fstat(store->fd, &st) < 0)
		return fail("cannot look at '%s'", store->path);
	if ((st.st_mode & 0077) == 0)
		return 0;
	what = xasprintf("others may look into '%s': its mode is %04o", store->path,
			 st.st_mode & 07777);
	if (check->repair)
		done = fchmod(store->fd, 0700) == 0;
	return check->found(check->arg, what, done ? "it is 0700 again" : NULL);
}

/* Nothing that is looked at here goes as long as index.json is locked. A store that can only be
 * read does not change at all. */
static int check_documents(struct store *store, const struct check *check)
{
	AUTO(catalog) catalog = CATALOG_INIT;
	int rc = catalog_open_locked(store, &catalog);

	if (rc == -EROFS && !check->repair) {
		err_clear();
		rc = catalog_open(store, &catalog);
	}
	TRY(rc);
	TRY(check_entries(store, check, &catalog));
	TRY(check_cache(check, &catalog));
	return check_plans(store, check);
}

static int sweep(struct store *store)
{
	int rc = store_sweep(store);

	if (rc != -EROFS)
		return rc;
	err_clear();
	return 0;
}

int store_check(struct store *store, const struct check *check)
{
	TRY(sweep(store));
	TRY(check_mode(store, check));
	/* What is removed for its digest is then missed by what leads to it. */
	if (check->deep) {
		TRY(check_blobs(store, check));
		TRY(check_layers(store, check));
	}
	TRY(check_documents(store, check));
	if (check->repair)
		TRY(sweep(store));
	return check_unreached(store, check);
}
