/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_TAR_SPARSE_H
#define BERTH_IMAGE_TAR_SPARSE_H

#include <stddef.h>
#include <stdint.h>

/* The map of a sparse file: where its data belongs. */
struct sparse_extent {
	uint64_t offset, len;
};

struct sparse {
	struct sparse_extent *v;
	size_t n;
	uint64_t size;   /* of the file */
	uint64_t stored; /* sum of the lengths */
};

/* Forget the extents; the file has `size` bytes. */
void sparse_clear(struct sparse *sparse, uint64_t size);
void sparse_release(struct sparse *sparse);
/* Extents come in order and do not overlap; the end of each is within the file, which is checked by
 * sparse_check(). An empty one is dropped. */
int sparse_add(struct sparse *sparse, uint64_t offset, uint64_t len);
/* Format 0.1: "OFFSET,LENGTH,OFFSET,LENGTH". */
int sparse_parse_list(struct sparse *sparse, const char *text);
/* After the last one: does the map fit the file, and the `stored` bytes that the archive has? */
int sparse_check(const struct sparse *sparse, uint64_t stored);

#endif
