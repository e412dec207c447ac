/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_PIECES_H
#define BERTH_IMAGE_PIECES_H

#include <stddef.h>
#include <stdint.h>

/*
 * What a cell that reads a layer sends through its pipe: pieces, each after a word that says what
 * it is and how long. Words and short pieces are gathered.
 */
enum piece {
	PIECE_BYTES, /* of the archive; empty: the end, what follows is a report */
	PIECE_CUT,   /* between bytes: a frame ends here; empty */
	PIECE_TABLE, /* text of the table of contents */
	PIECE_SPLIT, /* text of the archive without its contents */
	PIECE_UNFIT, /* this layer gets neither; empty */
	PIECES_END,
};

#define PIECE_MAX (256U << 10)

/* The word: the kind in the highest eight bits. */
#define PIECE_WORD(kind, len) ((uint32_t)(kind) << 24 | (uint32_t)(len))
#define PIECE_KIND(word) ((word) >> 24)
#define PIECE_LEN(word) ((word)&0xffffffU)

struct pieces {
	int fd;              /* borrowed */
	unsigned char *held; /* of len bytes */
	size_t len;
};

void pieces_init(struct pieces *pieces, int fd);
void pieces_release(struct pieces *pieces);
/* Of any length: as several pieces where it is too long for one. Nothing is sent of no bytes, but a
 * kind that is always empty. */
int pieces_send(struct pieces *pieces, enum piece kind, const void *bytes, size_t len);
/* What is held. */
int pieces_flush(struct pieces *pieces);
/* The end; flushes. */
int pieces_end(struct pieces *pieces);

#endif
