/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_ACCOUNT_H
#define BERTH_IMAGE_ACCOUNT_H

#include "image/prune.h"
#include "image/reach.h"
#include "image/usage.h"

/* Which image takes how much of the store: what it needs alone, and what it shares. */
struct accounted {
	char id[DIGEST_TEXT_SIZE];     /* ""; as of struct prune_candidate */
	char digest[DIGEST_TEXT_SIZE]; /* of the manifest */
	struct strvec names;
	int64_t used;
	struct reach reach; /* the objects that it needs */
};

struct account {
	struct usage usage;
	uint32_t *needed; /* of each object of usage: by how many images */
	struct accounted *v;
	size_t n;
};

int account_take(struct store *store, struct account *ret_account);
void account_release(struct account *account);

/* Bytes that would go with the image, and bytes that others need as well. */
uint64_t account_unique(const struct account *account, const struct accounted *image);
uint64_t account_shared(const struct account *account, const struct accounted *image);
/* From here on as if the image were gone; returns what goes with it. */
uint64_t account_drop(struct account *account, const struct accounted *image);
/* All objects that are needed by none of those for which keeps() is true. */
uint64_t account_without(const struct account *account,
			 bool (*keeps)(const struct accounted *image, void *arg), void *arg);

#endif
