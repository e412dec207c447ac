/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_CHECK_H
#define BERTH_IMAGE_CHECK_H

#include <stdbool.h>

#include "image/store.h"

/*
 * Is the store as it must be?
 *
 *	every name leads to a manifest, that to a configuration, and that to layers: documents have
 *	the digest that they are called by, a layer is unpacked or has its blob in full size;
 *	a plan can be read, and its layers are unpacked;
 *	what the cache remembers is so;
 *	nothing is there that nothing leads to;
 *	nobody but the owner may look into it;
 *	(deep) every blob has the digest that it is called by, and every file can be read.
 *
 * What killed commands have left is no finding: it is swept first. With `repair` what is damaged is
 * removed: a blob, a plan that can be made again, or the names of an image.
 */
struct check {
	bool deep, repair;
	/* Called for each finding, with what was done about it: NULL, nothing. */
	int (*found)(void *arg, const char *what, const char *done);
	void *arg;
};

/* Returns 0 whatever is found. */
int store_check(struct store *store, const struct check *check);

#endif
