/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BASE_FRAMES_H
#define BERTH_BASE_FRAMES_H

#include <stdint.h>

#include "base/buf.h"

struct packer;
struct block;

/*
 * Bytes that come in pieces, compressed into memory as frames of zstd, each of the same length but
 * for the last. Such a row of frames decompresses to all of the bytes.
 */
struct frames {
	const struct packer *packer;
	void *state; /* of the packer */
	struct block *block;
	struct buf out;
	uint64_t taken; /* bytes that came */
};

#define FRAMES_INIT \
	{ \
		.out = BUF_INIT \
	}

/* level 0: the default, as of base/compress. */
int frames_open(int level, struct frames *ret_frames);
int frames_add(struct frames *frames, const void *bytes, size_t len);
/* All has come: frames->out is complete. */
int frames_end(struct frames *frames);
void frames_release(struct frames *frames);

#endif
