/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_CHUNKER_H
#define BERTH_IMAGE_CHUNKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Cuts the content of a file into chunks at places that depend on the bytes around them alone, so
 * that a change of the file leaves most of its chunks as they were: where the rolling check sum of
 * the last 64 bytes (the one of bup and rsync) ends in sixteen ones, about every 64 KiB. A run of
 * at least 1024 zeros is a chunk of its own. The places are those of containers/storage: files that
 * others pushed have the same chunks.
 */
#define CHUNKER_WINDOW 64
#define CHUNKER_HOLE 1024
#define CHUNKER_SIZE (128UL << 10) /* bytes that it holds at most */

struct chunker {
	/* What is given out, in order. */
	int (*content)(void *arg, const unsigned char *bytes, size_t len);
	/* After the last byte of each chunk, none of which is empty. */
	int (*chunk_ended)(void *arg, bool hole);
	void *arg;
	unsigned char *bytes; /* the window, all of it given out, and then len that are not */
	size_t len;
	uint32_t s1, s2; /* the check sum: of the bytes, and of their sums */
	bool in_hole;
	bool chunk_begun; /* bytes of it were given out */
};

void chunker_init(struct chunker *chunker);
void chunker_release(struct chunker *chunker);
/* A new file. */
void chunker_begin(struct chunker *chunker);
int chunker_add(struct chunker *chunker, const unsigned char *bytes, size_t len);
int chunker_end(struct chunker *chunker);

#endif
