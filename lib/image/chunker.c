/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/chunker.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"

#define CHAR_OFFSET 31U /* is added to each byte: zeros count as well */
#define SPLIT_MASK 0xffffU

void chunker_init(struct chunker *chunker)
{
	*chunker = (struct chunker){ .bytes = xalloc(CHUNKER_WINDOW + CHUNKER_SIZE) };
}

void chunker_release(struct chunker *chunker)
{
	free(chunker->bytes);
	*chunker = (struct chunker){ 0 };
}

void chunker_begin(struct chunker *chunker)
{
	memset(chunker->bytes, 0, CHUNKER_WINDOW);
	chunker->len = 0;
	chunker->s1 = CHUNKER_WINDOW * CHAR_OFFSET;
	chunker->s2 = CHUNKER_WINDOW * (CHUNKER_WINDOW - 1) * CHAR_OFFSET;
	chunker->in_hole = false;
	chunker->chunk_begun = false;
}

/* Let the window pass over [from, to); stop behind a byte where a chunk ends, if asked to. Returns
 * where it stands, which is `to` where it passed over all. */
static const unsigned char *roll(struct chunker *chunker, const unsigned char *from,
				 const unsigned char *to, bool stop, bool *ret_split)
{
	uint32_t s1 = chunker->s1, s2 = chunker->s2;

	*ret_split = false;
	while (from < to && !*ret_split) {
		const uint32_t drop = *(from - CHUNKER_WINDOW);

		s1 += *from++ - drop;
		s2 += s1 - CHUNKER_WINDOW * (drop + CHAR_OFFSET);
		*ret_split = stop && (s2 & SPLIT_MASK) == SPLIT_MASK;
	}
	chunker->s1 = s1;
	chunker->s2 = s2;
	return from;
}

static int give(struct chunker *chunker, const unsigned char *from, const unsigned char *to)
{
	if (from == to)
		return 0;
	chunker->chunk_begun = true;
	return chunker->content(chunker->arg, from, (size_t)(to - from));
}

static int end_chunk(struct chunker *chunker, bool hole)
{
	if (!chunker->chunk_begun)
		return 0;
	chunker->chunk_begun = false;
	return chunker->chunk_ended(chunker->arg, hole);
}

static const unsigned char *skip_zeros(const unsigned char *at, const unsigned char *end)
{
	while (at < end && *at == 0)
		at++;
	return at;
}

/* The first run of zeros that is a hole, or may become one. */
static const unsigned char *find_hole(const unsigned char *at, const unsigned char *end, bool last)
{
	while (at < end && (at = memchr(at, 0, (size_t)(end - at))) != NULL) {
		const unsigned char *behind = skip_zeros(at, end);

		if (behind - at >= CHUNKER_HOLE || (behind == end && !last))
			return at;
		at = behind;
	}
	return end;
}

/* The ordinary bytes from *at to `to`. */
static int take_data(struct chunker *chunker, const unsigned char **at, const unsigned char *to)
{
	while (*at < to) {
		bool split;
		const unsigned char *next = roll(chunker, *at, to, true, &split);

		TRY(give(chunker, *at, next));
		*at = next;
		if (split)
			TRY(end_chunk(chunker, false));
	}
	return 0;
}

/* Zeros from *at on. Behind 64 of them the check sum stays as it is. */
static int take_hole(struct chunker *chunker, const unsigned char **at, const unsigned char *end)
{
	const unsigned char *behind = skip_zeros(*at, end);
	bool split;

	if (!chunker->in_hole) {
		TRY(end_chunk(chunker, false));
		(void)roll(chunker, *at, *at + CHUNKER_WINDOW, false, &split);
	}
	chunker->in_hole = true;
	TRY(give(chunker, *at, behind));
	*at = behind;
	if (behind == end)
		return 0;
	chunker->in_hole = false;
	return end_chunk(chunker, true);
}

/* Give out all of which is known what it is. */
static int cut(struct chunker *chunker, bool last)
{
	const unsigned char *start = chunker->bytes + CHUNKER_WINDOW, *at = start;
	const unsigned char *end = start + chunker->len;

	while (at < end) {
		if (!chunker->in_hole)
			TRY(take_data(chunker, &at, find_hole(at, end, last)));
		if (at < end && !chunker->in_hole && skip_zeros(at, end) - at < CHUNKER_HOLE)
			break;
		if (at < end)
			TRY(take_hole(chunker, &at, end));
	}
	chunker->len = (size_t)(end - at);
	memmove(chunker->bytes, at - CHUNKER_WINDOW, CHUNKER_WINDOW + chunker->len);
	return 0;
}

int chunker_add(struct chunker *chunker, const unsigned char *bytes, size_t len)
{
	while (len != 0) {
		const size_t room = CHUNKER_SIZE - chunker->len;
		const size_t n = len < room ? len : room;

		memcpy(chunker->bytes + CHUNKER_WINDOW + chunker->len, bytes, n);
		chunker->len += n;
		bytes += n;
		len -= n;
		TRY(cut(chunker, false));
	}
	return 0;
}

int chunker_end(struct chunker *chunker)
{
	TRY(cut(chunker, true));
	return end_chunk(chunker, chunker->in_hole);
}
