/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/garbage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/lock.h"
#include "image/catalog.h"
#include "image/layer.h"
#include "image/plan.h"
#include "image/source.h"

/* What is in use: the hex digits of digests, sorted when all are known. */
struct marks {
	struct store *store;
	struct strvec blobs, layers;
};

static void marks_release(struct marks *marks)
{
	strvec_release(&marks->blobs);
	strvec_release(&marks->layers);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_marked(const struct strvec *list, const char *hex)
{
	return list->n > 0 &&
	       bsearch(&hex, list->v, list->n, sizeof(*list->v), compare_names) != NULL;
}

static void mark(struct strvec *list, const char *digest)
{
	strvec_push(list, digest_hex(digest));
}

/* 1 and the blob's text; 0 where there is no such blob: nothing below it can be in use. */
static int read_blob(const struct marks *marks, const char *digest, struct buf *text)
{
	autofree char *path = xasprintf("blobs/sha256/%s", digest_hex(digest));
	int there = fs_exists(marks->store->fd, path);

	if (there <= 0)
		return there;
	TRY(fs_read_file(marks->store->fd, path, MAX_MANIFEST, text));
	return 1;
}

static int mark_config(struct marks *marks, const struct descriptor *d)
{
	struct image_config config = { 0 };
	AUTO(buf) text = BUF_INIT;
	int rc;

	mark(&marks->blobs, d->digest);
	/* The plan, where there is one, names the same layers. */
	rc = plan_read(marks->store, d->digest, &config);
	if (rc == -ENOENT) {
		rc = read_blob(marks, d->digest, &text);
		if (rc <= 0)
			return rc;
		TRY(imageconfig_parse(text.data, text.len, d->digest, &config));
	}
	TRY(rc);
	for (size_t i = 0; i < config.diff_ids.n; i++)
		mark(&marks->layers, config.diff_ids.v[i]);
	image_config_release(&config);
	return 0;
}

static int mark_manifest(struct marks *marks, const struct descriptor *d, int depth)
{
	AUTO(manifest) m = { 0 };
	AUTO(buf) text = BUF_INIT;
	int rc;

	mark(&marks->blobs, d->digest);
	if (depth > MAX_INDEX_NESTING)
		return 0;
	rc = read_blob(marks, d->digest, &text);
	if (rc <= 0)
		return rc;
	/* What another program put here and we do not understand may lead anywhere. */
	TRY(manifest_parse(text.data, text.len, d->digest, &m));
	for (size_t i = 0; i < m.manifests.n; i++)
		TRY(mark_manifest(marks, &m.manifests.v[i], depth + 1));
	if (m.is_index)
		return 0;
	for (size_t i = 0; i < m.layers.n; i++)
		mark(&marks->blobs, m.layers.v[i].digest);
	return mark_config(marks, &m.config);
}

static int mark_plans(struct marks *marks)
{
	AUTO(strvec) ids = STRVEC_INIT;

	TRY(plan_list(marks->store, &ids));
	for (size_t i = 0; i < ids.n; i++) {
		struct image_config config = { 0 };
		int rc = plan_read(marks->store, ids.v[i], &config);

		if (rc == -ENOENT)
			continue;
		TRY(rc);
		for (size_t k = 0; k < config.diff_ids.n; k++)
			mark(&marks->layers, config.diff_ids.v[k]);
		image_config_release(&config);
	}
	return 0;
}

static int mark_all(struct marks *marks)
{
	AUTO(catalog) catalog = CATALOG_INIT;

	TRY(catalog_open(marks->store, &catalog));
	for (size_t i = 0; i < catalog.n; i++)
		TRY(mark_manifest(marks, &catalog.v[i].descriptor, 0));
	TRY(mark_plans(marks));
	if (marks->blobs.n > 0)
		qsort(marks->blobs.v, marks->blobs.n, sizeof(*marks->blobs.v), compare_names);
	if (marks->layers.n > 0)
		qsort(marks->layers.v, marks->layers.n, sizeof(*marks->layers.v), compare_names);
	return 0;
}

static int sweep_dir(struct marks *marks, const char *path,
		     int (*each)(struct marks *marks, int dirfd, const char *name))
{
	int fd = fs_open(marks->store->fd, path, O_RDONLY | O_DIRECTORY, 0);
	autodir DIR *dir = NULL;
	struct dirent *entry;

	TRY(fd);
	dir = fdopendir(fd);
	if (dir == NULL) {
		close(fd);
		return fail("cannot read '%s/%s'", marks->store->path, path);
	}
	while ((entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			TRY(each(marks, fd, entry->d_name));
	return 0;
}

static int drop_file(int dirfd, const char *name)
{
	if (unlinkat(dirfd, name, 0) < 0 && errno != ENOENT)
		return fail("cannot remove '%s'", name);
	return 0;
}

static int sweep_blob(struct marks *marks, int dirfd, const char *name)
{
	return is_marked(&marks->blobs, name) ? 0 : drop_file(dirfd, name);
}

/* layers/HEX, and layers/HEX.size beside it. */
static int sweep_layer(struct marks *marks, int dirfd, const char *name)
{
	autofree char *digest = xasprintf("sha256:%.64s", name);

	if (is_marked(&marks->layers, digest_hex(digest)))
		return 0;
	if (digest_is_valid(digest) && strlen(name) == DIGEST_HEX_LEN)
		return layer_remove(marks->store, digest);
	return digest_is_valid(digest) ? drop_file(dirfd, name) : 0;
}

/* Plans that were not finished. */
static int sweep_plan(struct marks *marks, int dirfd, const char *name)
{
	return name[0] == '.' ? drop_file(dirfd, name) : 0;
}

/* The locks of blobs and layers: nobody can hold or want one while the store is ours. */
static int sweep_lock(struct marks *marks, int dirfd, const char *name)
{
	static const char layer[] = "layer-", blob[] = "blob-";
	const size_t len = sizeof(layer) - 1;

	if (strncmp(name, blob, sizeof(blob) - 1) == 0)
		return drop_file(dirfd, name);
	return strncmp(name, layer, len) != 0 || is_marked(&marks->layers, name + len)
		       ? 0
		       : drop_file(dirfd, name);
}

int garbage_collect(struct store *store)
{
	AUTO(marks) marks = { .store = store };
	autoclose int lock = lock_try(store->fd, "lock/objects", LOCK_EXCLUSIVE);

	if (lock == -EWOULDBLOCK)
		return 0;
	TRY(lock);
	TRY(mark_all(&marks));
	TRY(sweep_dir(&marks, "blobs/sha256", sweep_blob));
	TRY(sweep_dir(&marks, "layers", sweep_layer));
	TRY(sweep_dir(&marks, "images", sweep_plan));
	TRY(sweep_dir(&marks, "lock", sweep_lock));
	return 1;
}
