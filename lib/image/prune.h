/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_PRUNE_H
#define BERTH_IMAGE_PRUNE_H

#include "image/remove.h"
#include "image/store.h"

/*
 * Remove many images at once: those that `wanted` chooses and nobody uses. An image is locked
 * before it is looked whether it is in use, and stays locked until it is gone, so that a `run`
 * either keeps it, or finds it gone.
 */
struct prune_candidate {
	const char *id;             /* "": only the manifest is known, its documents are damaged */
	const char *digest;         /* of the manifest; "": run from an archive */
	const struct strvec *names; /* may be empty */
	int64_t used;               /* when it was last run or came, seconds since the epoch */
};

struct prune {
	/* Is it to go, as far as the image itself tells? 1, 0, or negative. It may be asked
	 * twice. */
	int (*wanted)(const struct prune_candidate *candidate, void *arg);
	void *arg;
	/* The IDs of the images that containers use which do not run; those of running ones are
	 * locked in any case. Called with the candidates locked. */
	int (*list_used)(void *users, struct strvec *ret_ids);
	void *users;
};

/* What went is appended to *removal, and the bytes that it took to *ret_bytes. */
int image_prune(struct store *store, const struct prune *prune, struct removal *removal,
		uint64_t *ret_bytes);

/* Each image of the store once: each(candidate, arg), negative ends it. */
int prune_each(struct store *store, int (*each)(const struct prune_candidate *candidate, void *arg),
	       void *arg);

/* Remove the blobs of layers that are unpacked: images run as before, but cannot be saved or pushed
 * until they are pulled or loaded again. The bytes are added to *ret_bytes. 1, or 0 where others
 * are adding objects and none can be removed. */
int prune_blobs(struct store *store, uint64_t *ret_bytes);

#endif
