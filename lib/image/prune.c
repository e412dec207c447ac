/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/prune.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/lock.h"
#include "image/layer.h"
#include "image/lookup.h"
#include "image/plan.h"
#include "image/source.h"
#include "image/usage.h"

#define BATCH 200 /* images that are locked at once: each takes a descriptor */

struct target {
	struct strvec names;
	const struct image_item *item; /* one of its entries */
	struct {
		const cJSON **v; /* its entries in the catalog, which move, by their documents */
		size_t n;
	} entries;
	int lock; /* of the plan; -1: none is held */
};

struct work {
	struct store *store;
	const struct prune *prune;
	struct catalog catalog;
	struct image_items items;
	struct target *v;
	size_t n;
};

static void target_release(struct target *target)
{
	strvec_release(&target->names);
	free(target->entries.v);
	cleanup_close(&target->lock);
}

static void work_release(struct work *work)
{
	for (size_t i = 0; i < work->n; i++)
		target_release(&work->v[i]);
	free(work->v);
	image_items_release(&work->items);
	catalog_release(&work->catalog);
}

/* --- what there is ---------------------------------------------------------------------------- */

static int compare_items(const void *a, const void *b)
{
	const struct image_item *left = *(struct image_item *const *)a;
	const struct image_item *right = *(struct image_item *const *)b;
	int rc = strcmp(image_item_key(left), image_item_key(right));

	return rc != 0 ? rc : left < right ? -1 : left > right;
}

/* One target for each image, with all of its names. */
static void group(struct work *work)
{
	autofree struct image_item **sorted = xcalloc(work->items.n + 1, sizeof(*sorted));

	for (size_t i = 0; i < work->items.n; i++)
		sorted[i] = &work->items.v[i];
	qsort(sorted, work->items.n, sizeof(*sorted), compare_items);
	for (size_t i = 0; i < work->items.n; i++) {
		struct target *last;

		if (i == 0 ||
		    strcmp(image_item_key(sorted[i - 1]), image_item_key(sorted[i])) != 0) {
			last = VEC_PUSH(work);
			*last = (struct target){ .item = sorted[i], .lock = -1 };
		}
		last = &work->v[work->n - 1];
		if (sorted[i]->name != NULL)
			strvec_push(&last->names, sorted[i]->name);
		if (sorted[i]->entry >= 0)
			*VEC_PUSH(&last->entries) = work->catalog.v[sorted[i]->entry].item;
	}
}

static int64_t last_use(const struct store *store, const struct image_item *item)
{
	autofree char *plan =
		xasprintf("images/%s", item->id[0] != '\0' ? digest_hex(item->id) : "none");
	autofree char *blob = xasprintf(
		"blobs/sha256/%s", item->digest[0] != '\0' ? digest_hex(item->digest) : "none");
	struct stat st;

	if (fstatat(store->fd, plan, &st, AT_SYMLINK_NOFOLLOW) == 0 ||
	    fstatat(store->fd, blob, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return st.st_mtim.tv_sec;
	return 0;
}

static struct prune_candidate describe(const struct work *work, const struct target *target)
{
	return (struct prune_candidate){
		.id = target->item->id,
		.digest = target->item->digest,
		.names = &target->names,
		.used = last_use(work->store, target->item),
	};
}

int prune_each(struct store *store, int (*each)(const struct prune_candidate *candidate, void *arg),
	       void *arg)
{
	AUTO(work) work = { .store = store, .catalog = CATALOG_INIT };

	TRY(catalog_open(store, &work.catalog));
	TRY(lookup_all(&work.catalog, true, &work.items));
	group(&work);
	for (size_t i = 0; i < work.n; i++) {
		struct prune_candidate candidate = describe(&work, &work.v[i]);

		TRY(each(&candidate, arg));
	}
	return 0;
}

/* --- choosing and locking --------------------------------------------------------------------- */

static void drop_target(struct work *work, size_t i)
{
	target_release(&work->v[i]);
	work->n--;
	memmove(&work->v[i], &work->v[i + 1], (work->n - i) * sizeof(*work->v));
}

static int choose(struct work *work)
{
	for (size_t i = work->n; i-- > 0;) {
		struct prune_candidate candidate = describe(work, &work->v[i]);
		int rc = work->prune->wanted(&candidate, work->prune->arg);

		TRY(rc);
		if (rc == 0)
			drop_target(work, i);
	}
	return 0;
}

/* 1: nobody runs it, and nobody can until it is gone. */
static int lock_target(const struct store *store, struct target *target)
{
	if (target->item->id[0] == '\0')
		return 1;
	target->lock = plan_lock(store, target->item->id);
	if (target->lock >= 0)
		return 1;
	/* Without a plan there is nothing to run, and nothing to lock. */
	return target->lock == -ENOENT ? 1 : target->lock == -EBUSY ? 0 : target->lock;
}

/* Lock the last ones; how many of them are left is put into *ret_n. */
static int lock_batch(struct work *work, size_t *ret_n)
{
	size_t first = work->n > BATCH ? work->n - BATCH : 0;
	AUTO(strvec) used = STRVEC_INIT;

	for (size_t i = work->n; i-- > first;) {
		int rc = lock_target(work->store, &work->v[i]);

		TRY(rc);
		if (rc == 0)
			drop_target(work, i);
	}
	TRY(work->prune->list_used(work->prune->users, &used));
	for (size_t i = work->n; i-- > first;)
		if (strvec_has(&used, work->v[i].item->id))
			drop_target(work, i);
	*ret_n = work->n - first;
	return 0;
}

/* --- removing --------------------------------------------------------------------------------- */

static void drop_entry(struct catalog *catalog, const cJSON *item)
{
	for (size_t i = 0; i < catalog->n; i++)
		if (catalog->v[i].item == item) {
			catalog_remove(catalog, i);
			return;
		}
}

static int remove_batch(struct work *work, size_t n, struct removal *removal)
{
	struct target *v = &work->v[work->n - n];

	for (size_t i = 0; i < n; i++) {
		strvec_push_all(&removal->untagged, &v[i].names);
		for (size_t k = 0; k < v[i].entries.n; k++)
			drop_entry(&work->catalog, v[i].entries.v[k]);
	}
	TRY(catalog_commit(&work->catalog));
	for (size_t i = 0; i < n; i++) {
		if (v[i].item->id[0] != '\0')
			TRY(plan_remove(work->store, v[i].item->id));
		strvec_push(&removal->deleted, image_item_key(v[i].item));
	}
	return 0;
}

static int remove_chosen(struct work *work, struct removal *removal)
{
	/* Before anything goes, so that what stays when we are killed is found. */
	TRY(store_mark_garbage(work->store));
	while (work->n > 0) {
		size_t n = 0;

		TRY(lock_batch(work, &n));
		if (n > 0)
			TRY(remove_batch(work, n, removal));
		for (; n > 0; n--)
			drop_target(work, work->n - 1);
	}
	return 0;
}

static int prune_locked(struct store *store, const struct prune *prune, struct removal *removal)
{
	AUTO(work) work = { .store = store, .prune = prune, .catalog = CATALOG_INIT };

	TRY(catalog_open_locked(store, &work.catalog));
	TRY(lookup_all(&work.catalog, true, &work.items));
	group(&work);
	TRY(choose(&work));
	return work.n > 0 ? remove_chosen(&work, removal) : 0;
}

struct search {
	const struct prune *prune;
	bool found;
};

static int look(const struct prune_candidate *candidate, void *arg)
{
	struct search *search = arg;
	int rc = search->found ? 0 : search->prune->wanted(candidate, search->prune->arg);

	search->found |= rc > 0;
	return rc;
}

int image_prune(struct store *store, const struct prune *prune, struct removal *removal,
		uint64_t *ret_bytes)
{
	struct search search = { .prune = prune };
	AUTO(usage) usage = { 0 };

	/* It takes its time to measure a store: not while index.json is locked, nor for nothing. */
	TRY(prune_each(store, look, &search));
	if (search.found)
		TRY(usage_measure(store, &usage));
	TRY(prune_locked(store, prune, removal));
	TRY(store_sweep(store));
	*ret_bytes += usage_gone(store, &usage);
	return 0;
}

/* --- blobs ------------------------------------------------------------------------------------ */

static int drop_blob(const struct store *store, const char *digest, uint64_t *bytes)
{
	autofree char *path = xasprintf("blobs/sha256/%s", digest_hex(digest));
	struct stat st;

	if (fstatat(store->fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : fail("cannot look at '%s/%s'", store->path, path);
	if (unlinkat(store->fd, path, 0) < 0 && errno != ENOENT)
		return fail("cannot remove '%s/%s'", store->path, path);
	*bytes += (uint64_t)st.st_blocks * 512;
	return 0;
}

/* What another program put here and we do not understand keeps its blobs. */
static int drop_layer_blobs(const struct store *store, const struct archive *layout,
			    const struct descriptor *manifest, uint64_t *bytes)
{
	struct descriptors list = { .v = (struct descriptor *)manifest, .n = 1 };
	AUTO(bundle) bundle = BUNDLE_INIT;

	if (bundle_read_layout(layout, &list, NULL, manifest->digest, &bundle) < 0) {
		err_clear();
		return 0;
	}
	for (size_t i = 0; i < bundle.layers.n; i++) {
		int there = layer_exists(store, bundle.parsed.diff_ids.v[i]);

		TRY(there);
		if (there == 1)
			TRY(drop_blob(store, bundle.layers.v[i].digest, bytes));
	}
	return 0;
}

int prune_blobs(struct store *store, uint64_t *ret_bytes)
{
	autoclose int lock = lock_try(store->fd, "lock/objects", LOCK_EXCLUSIVE);
	AUTO(archive) layout = ARCHIVE_INIT;
	AUTO(catalog) catalog = CATALOG_INIT;

	if (lock == -EWOULDBLOCK)
		return 0;
	TRY(lock);
	TRY(archive_open_dir(store->fd, store->path, &layout));
	TRY(catalog_open(store, &catalog));
	for (size_t i = 0; i < catalog.n; i++)
		TRY(drop_layer_blobs(store, &layout, &catalog.v[i].descriptor, ret_bytes));
	return 1;
}
