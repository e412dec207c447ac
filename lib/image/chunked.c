/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/chunked.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/units.h"
#include "base/vec.h"
#include "image/dissect.h"

#define TABLE_TYPE 1

void chunked_release(struct chunked *chunked)
{
	buf_release(&chunked->table);
	frames_release(&chunked->split);
	free(chunked->ends.v);
	buf_release(&chunked->tail);
	*chunked = (struct chunked)CHUNKED_INIT;
}

/* --- what the cell says ---------------------------------------------------------------------- */

/* There will be no table: what there is of it goes. Frames are still cut, as that depends on the
 * archive as well. */
static void give_up(struct chunked *chunked)
{
	buf_release(&chunked->table);
	frames_release(&chunked->split);
	free(chunked->ends.v);
	chunked->ends.v = NULL;
	chunked->ends.n = 0;
	chunked->unfit = true;
}

static void take_end(void *arg, uint64_t offset)
{
	struct chunked *chunked = arg;

	if (!chunked->unfit)
		*VEC_PUSH(&chunked->ends) = offset;
}

static int take_table(struct chunked *chunked, const void *bytes, size_t len)
{
	/* It says itself where it becomes too large. */
	if (len > MAX_TABLE - chunked->table.len)
		return refuse_with(EPROTO, "a child sent too large a table of contents");
	buf_add(&chunked->table, bytes, len);
	return 0;
}

static int take_split(struct chunked *chunked, const void *bytes, size_t len)
{
	TRY(frames_add(&chunked->split, bytes, len));
	if (chunked->split.out.len > MAX_TAR_SPLIT)
		give_up(chunked);
	return 0;
}

static int take_cut(struct chunked *chunked)
{
	if (!chunked->unfit && chunked->cuts++ == MAX_TABLE_CUTS)
		return refuse_with(EPROTO, "a child sent too many cuts");
	return compress_cut(chunked->compress);
}

static int take(void *arg, enum piece kind, const void *bytes, size_t len)
{
	struct chunked *chunked = arg;

	if (kind == PIECE_CUT)
		return take_cut(chunked);
	if (kind == PIECE_UNFIT)
		give_up(chunked);
	if (chunked->unfit)
		return 0;
	return kind == PIECE_TABLE ? take_table(chunked, bytes, len)
				   : take_split(chunked, bytes, len);
}

void chunked_reading(struct chunked *chunked, struct inflate_reading *ret_reading)
{
	*ret_reading = (struct inflate_reading){ .read = dissect, .take = take, .arg = chunked };
}

int chunked_open(struct compress *compress, int level, struct chunked *chunked)
{
	TRY(frames_open(level, &chunked->split));
	chunked->compress = compress;
	chunked->level = level;
	compress_watch(compress, take_end, chunked);
	return 0;
}

/* --- what follows the frames ----------------------------------------------------------------- */

static void put_number(struct buf *out, uint64_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		buf_add_char(out, (char)(value >> (8 * i)));
}

static void add_place_numbers(struct buf *out, const struct chunked_place *place)
{
	put_number(out, place->offset, 8);
	put_number(out, place->len, 8);
	put_number(out, place->full_len, 8);
}

/* RFC 8878, section 3.1.2. */
static void begin_frame(struct buf *out, size_t len)
{
	put_number(out, 0x184d2a50, 4);
	put_number(out, len, 4);
}

static void add_frame(struct chunked *chunked, const struct frames *frames,
		      struct chunked_place *place)
{
	begin_frame(&chunked->tail, frames->out.len);
	*place = (struct chunked_place){ .offset = chunked->size + chunked->tail.len,
					 .len = frames->out.len,
					 .full_len = frames->taken };
	buf_add(&chunked->tail, frames->out.data, frames->out.len);
}

/* "N\1" behind a mark: the offset in its place. *at comes to stand behind it. */
static int put_offset(const struct chunked *chunked, struct frames *table, const char **at)
{
	char text[24], *end;
	const uint64_t cut = strtoull(*at, &end, 10);
	int len;

	if (*end != '\1' || cut >= chunked->ends.n)
		return refuse_with(EPROTO, "a child sent a table of contents with a wrong offset");
	len = snprintf(text, sizeof(text), "%llu", (unsigned long long)chunked->ends.v[cut]);
	*at = end + 1;
	return frames_add(table, text, (size_t)len);
}

static int put_entries(const struct chunked *chunked, struct frames *table)
{
	const char *at = chunked->table.data, *end = at + chunked->table.len, *mark;

	while ((mark = memchr(at, '\1', (size_t)(end - at))) != NULL) {
		TRY(frames_add(table, at, (size_t)(mark - at)));
		at = mark + 1;
		TRY(put_offset(chunked, table, &at));
	}
	return frames_add(table, at, (size_t)(end - at));
}

static int put_text(struct frames *frames, const char *text)
{
	return frames_add(frames, text, strlen(text));
}

static int make_table(struct chunked *chunked, struct frames *table)
{
	char digest[DIGEST_TEXT_SIZE];

	TRY(frames_end(&chunked->split));
	TRY(digest_of(chunked->split.out.data, chunked->split.out.len, digest));
	TRY(put_text(table, "{\"version\":1,\"entries\":["));
	TRY(put_entries(chunked, table));
	TRY(put_text(table, "],\"tarSplitDigest\":\""));
	TRY(put_text(table, digest));
	TRY(put_text(table, "\"}"));
	TRY(frames_end(table));
	return digest_of(table->out.data, table->out.len, chunked->toc.digest);
}

static int make_tail(struct chunked *chunked)
{
	static const char magic[8] = { 'G', 'N', 'U', 'l', 'I', 'n', 'U', 'x' };
	AUTO(frames) table = FRAMES_INIT;

	chunked->has_tail = true;
	if (chunked->unfit)
		return 0;
	TRY(frames_open(chunked->level, &table));
	TRY(make_table(chunked, &table));
	add_frame(chunked, &table, &chunked->toc.table);
	add_frame(chunked, &chunked->split, &chunked->toc.split);
	begin_frame(&chunked->tail, 64);
	add_place_numbers(&chunked->tail, &chunked->toc.table);
	put_number(&chunked->tail, TABLE_TYPE, 8);
	add_place_numbers(&chunked->tail, &chunked->toc.split);
	buf_add(&chunked->tail, magic, sizeof(magic));
	return 0;
}

ssize_t chunked_read(struct chunked *chunked, void *bytes, size_t size)
{
	if (!chunked->has_tail) {
		const ssize_t n = compress_read(chunked->compress, bytes, size);

		TRY(n);
		chunked->size += (uint64_t)n;
		if (n != 0)
			return n;
		TRY(make_tail(chunked));
	}
	if (size > chunked->tail.len - chunked->tail_at)
		size = chunked->tail.len - chunked->tail_at;
	memcpy(bytes, chunked->tail.data + chunked->tail_at, size);
	chunked->tail_at += size;
	return (ssize_t)size;
}

/* --------------------------------------------------------------------------------------------- */

void chunked_print_place(struct buf *out, const struct chunked_place *place)
{
	buf_addf(out, "%llu:%llu:%llu", (unsigned long long)place->offset,
		 (unsigned long long)place->len, (unsigned long long)place->full_len);
}

int chunked_parse_place(const char *text, struct chunked_place *ret_place)
{
	AUTO(strvec) parts = STRVEC_INIT;
	struct chunked_place place;

	strvec_split(&parts, text, ':');
	if (parts.n != 3)
		return refuse("'%s' is no place", text);
	TRY(units_parse_u64(parts.v[0], INT64_MAX, &place.offset));
	TRY(units_parse_u64(parts.v[1], INT64_MAX, &place.len));
	TRY(units_parse_u64(parts.v[2], INT64_MAX, &place.full_len));
	*ret_place = place;
	return 0;
}
