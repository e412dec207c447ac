/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_USAGE_H
#define BERTH_IMAGE_USAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "image/store.h"

/* What the store takes on the disk, in bytes, as du(1) counts. Together the sums are all of the
 * root. */
struct usage_object {
	char hex[DIGEST_HEX_LEN + 1];
	bool layer; /* else a blob */
	uint64_t bytes;
};

struct usage {
	struct usage_object *v; /* sorted */
	size_t n;
	uint64_t images; /* the objects, and all else that is not the two below */
	uint64_t containers;
	uint64_t volumes;
};

void usage_release(struct usage *usage);
int usage_measure(const struct store *store, struct usage *ret_usage);
/* Of one object; 0: there is none. */
uint64_t usage_find(const struct usage *usage, bool layer, const char *hex);
/* The sum of those objects that have gone since. */
uint64_t usage_gone(const struct store *store, const struct usage *usage);

/* Of files and trees, relative to the store or absolute, that may hold files of any id of the
 * store's maps; 0 for what is not there. ret_sizes has as many places as there are paths. */
int usage_paths(const struct store *store, const struct strvec *paths, uint64_t *ret_sizes);

#endif
