/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BASE_PACKER_H
#define BERTH_BASE_PACKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/stream.h"

/*
 * What compresses one block of bytes that is in memory, in each of the formats; base/compress puts
 * the blocks together. The same block gives the same bytes.
 */
#define GZIP_BLOCK (512UL << 10)
#define ZSTD_BLOCK (2UL << 20)
#define EDGE_MAX 16    /* bytes before the first block, or behind the last */
#define CUTS_MAX 4096U /* of a block */

/* A frame ends here: in the input, and then in the output. */
struct block_cut {
	size_t in, out;
};

struct block {
	unsigned char *in, *out; /* out has room for packer->room() */
	size_t in_len, out_len;
	uint32_t crc;           /* of the input */
	struct block_cut *cuts; /* of zstd, in order; NULL where there are none */
	size_t n_cuts;
	bool packed;
	int rc;
};

struct packer {
	enum compression format;
	int first, last; /* levels */
	size_t block;    /* bytes of input */
	int (*load)(void);
	/* State of a worker. */
	void *(*open)(int level);
	void (*close)(void *state);
	/* What a block of so many bytes may need, with as many cuts as it may have. */
	size_t (*room)(size_t len);
	/* All of the block's input to its output; sets out_len, crc and where the cuts are in it.
	 * 0, or -EIO with nothing recorded. */
	int (*pack)(void *state, struct block *block);
	size_t (*head)(unsigned char *edge);
	/* crc and len: of all the input. */
	size_t (*tail)(uint32_t crc, uint64_t len, unsigned char *edge);
};

/* The first row that has the format and the level and can be loaded serves it. */
#define PACKERS 3
extern const struct packer packers[PACKERS];

int packer_find(enum compression format, int level, const struct packer **ret_packer);
/* What level 0 stands for. */
int packer_default_level(enum compression format);

#endif
