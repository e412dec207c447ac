/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_LOOKUP_H
#define BERTH_IMAGE_LOOKUP_H

#include "image/catalog.h"
#include "image/platform.h"

/*
 * Which image of the store a text means: a name (completed; where no host is given also one below
 * localhost/), a repository with the digest of a manifest, or an image ID or the start of one.
 * Names go before IDs.
 */

/* The complete names that `text` may stand for, the likeliest first; none where it is no name. */
void lookup_names(const char *text, struct strvec *ret_names);

/* One row of the store: a name of an image, or an image without one. */
struct image_item {
	char *name;                    /* NULL: none */
	char id[DIGEST_TEXT_SIZE];     /* "": the documents of the image are damaged; an index with
					  nothing for this machine: its own digest */
	char digest[DIGEST_TEXT_SIZE]; /* of the manifest for this machine; "": none is stored */
	ssize_t entry; /* in the catalog; -1: run from an archive, only its layers are there */
};

/* What tells images apart: the ID; of a damaged one the digest of its manifest, which is all that
 * is known. */
const char *image_item_key(const struct image_item *item);

struct image_items {
	struct image_item *v;
	size_t n;
};

void image_items_release(struct image_items *items);
/* All of them, in the order of the catalog; with_plans: also those of no entry. */
int lookup_all(const struct catalog *catalog, bool with_plans, struct image_items *ret_items);
/* The one that is meant; -ENOENT with a message, -EINVAL where an ID is ambiguous. *ret_by_name is
 * set where it was found by its name. */
int lookup(const struct catalog *catalog, const char *text, struct image_item *ret_item,
	   bool *ret_by_name);
/* The one at a position of the catalog. */
int lookup_entry(const struct catalog *catalog, size_t index, struct image_item *ret_item);
void image_item_release(struct image_item *item);
/* The same error, for callers that looked elsewhere as well. */
int lookup_fail(const char *text);

#endif
