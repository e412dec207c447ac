/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_CATALOG_H
#define BERTH_IMAGE_CATALOG_H

#include "base/json.h"
#include "image/manifest.h"
#include "image/store.h"

/*
 * index.json of the store: which names there are, and which manifest (or index) each one means. A
 * name is the annotation org.opencontainers.image.ref.name of an entry; an entry without one is an
 * image without a name. Other programs may have written entries, so a name is completed
 * (image/ref.h) when it is read, and what is not understood in an entry is kept.
 *
 * cache/KEY/ is a cache of it for the path of run: symbolic links named like the image (with '%'
 * for '/') whose text is "ID DIGEST", of the image and of its manifest for this machine. KEY is
 * made of the inode, the time and the size of the index.json it was made from: with another
 * index.json it counts for nothing. Whoever changes index.json drops what changes, then renames
 * KEY.
 */
struct catalog_entry {
	char *name; /* complete; NULL: without a name */
	struct descriptor descriptor;
	cJSON *item; /* in json */
};

struct catalog {
	struct store *store;
	cJSON *json, *manifests;
	struct catalog_entry *v;
	size_t n;
	char key[64];
	struct strvec changed; /* names */
	int lock;              /* -1: to be read only */
};

#define CATALOG_INIT \
	{ \
		.lock = -1 \
	}

/* Read index.json. */
int catalog_open(struct store *store, struct catalog *ret_catalog);
/* The same to change it: nobody else can until the catalog is released. */
int catalog_open_locked(struct store *store, struct catalog *ret_catalog);
void catalog_release(struct catalog *catalog);

/* NULL: no such name. */
const struct catalog_entry *catalog_find(const struct catalog *catalog, const char *name);
/* Make `name` mean this manifest; NULL: keep the manifest without a name. An image that had the
 * name stays, without it. */
void catalog_set(struct catalog *catalog, const char *name, const struct descriptor *descriptor);
/* Take the name off an entry, which stays without one where nothing else keeps its manifest; those
 * behind it may move. */
void catalog_strip_name(struct catalog *catalog, size_t index);
/* Remove an entry, which moves those behind it. */
void catalog_remove(struct catalog *catalog, size_t index);
/* Write it, durably. */
int catalog_commit(struct catalog *catalog);

/* Ask the cache: 1 and the two digests, or 0. Nothing is recorded. */
int catalog_recall(const struct store *store, const char *name, char *ret_id, char *ret_digest);
/* Remove an answer from the cache. */
void catalog_forget(const struct catalog *catalog, const char *name);
/* Put an answer of this catalog into the cache. That it cannot be written is no error. */
void catalog_remember(const struct catalog *catalog, const char *name, const char *id,
		      const char *digest);

#endif
