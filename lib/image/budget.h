/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_BUDGET_H
#define BERTH_IMAGE_BUDGET_H

#include "image/prune.h"

/*
 * A limit on what the images take on the disk. It stands in the file `max` of the store, in
 * decimal, and holds for every command that brings an image in; such a command may be given another
 * one for itself. When it is exceeded images go, the least recently used first: used is when it was
 * run (to the hour) or brought in. One that is in use stays, whatever the limit says.
 */

/* *ret_max: 0, there is none. */
int budget_read(const struct store *store, uint64_t *ret_max);
/* 0: remove it. */
int budget_write(const struct store *store, uint64_t max);

struct budget {
	uint64_t max;
	const struct strvec *kept; /* names and IDs of images that stay: those that just came */
	int (*list_used)(void *users, struct strvec *ret_ids); /* as of struct prune */
	void *users;
};

/* Returns 1 where the images take no more than max, 0 where what is left is in use. */
int budget_enforce(struct store *store, const struct budget *budget, struct removal *removal,
		   uint64_t *ret_bytes);

#endif
