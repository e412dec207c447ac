/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_INFLATE_H
#define BERTH_IMAGE_INFLATE_H

#include <stdint.h>

#include "base/stream.h"
#include "image/cell.h"
#include "image/pieces.h"
#include "image/store.h"

/*
 * The bytes of a compressed blob, decompressed: by a cell (image/cell.h), since they may be made by
 * anybody. They come back through a pipe, in pieces that each say how long they are, and a report
 * at the end. What they are is for the reader to check.
 */

/* Who wants to know more of the bytes than what they are. */
struct inflate_reading {
	/* In the cell: send all that the stream gives, and between it what there is to say. */
	int (*read)(struct stream *stream, struct pieces *out);
	/* Outside, called by inflate_read(): a piece that is not of the bytes. */
	int (*take)(void *arg, enum piece kind, const void *bytes, size_t len);
	void *arg;
};

struct inflate {
	const struct inflate_reading *reading; /* borrowed; NULL: only the bytes */
	struct store_tmp tmp;                  /* the cell's root, empty */
	struct cell cell;
	unsigned char *piece; /* what is no bytes, PIECE_MAX of room; NULL until there is any */
	uint32_t left;        /* of the piece that is being read */
	bool ended;
};

#define INFLATE_INIT \
	{ \
		.tmp = STORE_TMP_INIT, .cell = CELL_INIT \
	}

/* fd: the file, read from where it stands; it stays the caller's. */
int inflate_open(struct store *store, int fd, const struct inflate_reading *reading,
		 struct inflate *ret_inflate);
/* A stream_source: decompressed bytes, 0 at the end, which is reached only when every check sum was
 * right. */
ssize_t inflate_read(void *arg, void *bytes, size_t size);
void inflate_release(struct inflate *inflate);

#endif
