/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/pieces.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/fs.h"

#define HELD_MAX (64U << 10)

void pieces_init(struct pieces *pieces, int fd)
{
	*pieces = (struct pieces){ .fd = fd, .held = xalloc(HELD_MAX) };
}

void pieces_release(struct pieces *pieces)
{
	free(pieces->held);
	*pieces = (struct pieces){ .fd = -1 };
}

int pieces_flush(struct pieces *pieces)
{
	const size_t len = pieces->len;

	pieces->len = 0;
	return fs_write_all(pieces->fd, pieces->held, len, "pipe");
}

static int add(struct pieces *pieces, const void *bytes, size_t len)
{
	if (len > HELD_MAX - pieces->len)
		TRY(pieces_flush(pieces));
	if (len > HELD_MAX)
		return fs_write_all(pieces->fd, bytes, len, "pipe");
	if (len != 0)
		memcpy(pieces->held + pieces->len, bytes, len);
	pieces->len += len;
	return 0;
}

static int add_piece(struct pieces *pieces, enum piece kind, const void *bytes, size_t len)
{
	const uint32_t word = PIECE_WORD(kind, len);

	TRY(add(pieces, &word, sizeof(word)));
	return add(pieces, bytes, len);
}

int pieces_send(struct pieces *pieces, enum piece kind, const void *bytes, size_t len)
{
	const unsigned char *from = bytes;

	if (kind == PIECE_CUT || kind == PIECE_UNFIT)
		return add_piece(pieces, kind, NULL, 0);
	while (len != 0) {
		const size_t n = len < PIECE_MAX ? len : PIECE_MAX;

		TRY(add_piece(pieces, kind, from, n));
		from += n;
		len -= n;
	}
	return 0;
}

int pieces_end(struct pieces *pieces)
{
	TRY(add_piece(pieces, PIECE_BYTES, NULL, 0));
	return pieces_flush(pieces);
}
