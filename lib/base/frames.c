/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/frames.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/packer.h"

int frames_open(int level, struct frames *ret_frames)
{
	struct frames frames = FRAMES_INIT;

	level = level != 0 ? level : packer_default_level(COMPRESSION_ZSTD);
	TRY(packer_find(COMPRESSION_ZSTD, level, &frames.packer));
	frames.state = frames.packer->open(level);
	frames.block = xcalloc(1, sizeof(*frames.block));
	frames.block->in = xalloc(frames.packer->block);
	*ret_frames = frames;
	return 0;
}

static int pack(struct frames *frames)
{
	struct block *block = frames->block;

	block->out =
		(unsigned char *)buf_reserve(&frames->out, frames->packer->room(block->in_len));
	if (frames->packer->pack(frames->state, block) < 0)
		return refuse_with(EIO, "cannot compress a block with zstd");
	frames->out.len += block->out_len;
	frames->out.data[frames->out.len] = '\0';
	block->in_len = 0;
	return 0;
}

int frames_add(struct frames *frames, const void *bytes, size_t len)
{
	struct block *block = frames->block;
	const unsigned char *from = bytes;

	frames->taken += len;
	while (len != 0) {
		const size_t room = frames->packer->block - block->in_len;
		const size_t n = len < room ? len : room;

		memcpy(block->in + block->in_len, from, n);
		block->in_len += n;
		from += n;
		len -= n;
		if (block->in_len == frames->packer->block)
			TRY(pack(frames));
	}
	return 0;
}

int frames_end(struct frames *frames)
{
	return frames->block->in_len != 0 || frames->out.len == 0 ? pack(frames) : 0;
}

void frames_release(struct frames *frames)
{
	if (frames->block != NULL) {
		frames->packer->close(frames->state);
		free(frames->block->in);
		free(frames->block);
	}
	buf_release(&frames->out);
	*frames = (struct frames)FRAMES_INIT;
}
