/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/chunked.h"

#include <errno.h>
#include <stdlib.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/stream.h"
#include "unit.h"

/* What a cell sends, in order; kind PIECES_END is the end. */
struct piece_said {
	enum piece kind;
	const char *text;
};

struct script {
	const struct piece_said *at;
	struct inflate_reading reading;
};

/* As inflate_read(). */
static ssize_t read_script(void *arg, void *bytes, size_t size)
{
	struct script *script = arg;

	for (;; script->at++) {
		const char *text = script->at->text;
		const size_t len = text != NULL ? strlen(text) : 0;

		if (script->at->kind == PIECES_END)
			return 0;
		if (script->at->kind == PIECE_BYTES) {
			assert_true(len < size);
			memcpy(bytes, text, len);
			script->at++;
			return (ssize_t)len;
		}
		TRY(script->reading.take(script->reading.arg, script->at->kind, text, len));
	}
}

/* The blob that is made of it. */
static int make(const struct piece_said *said, struct buf *blob, struct chunked_toc *ret_toc)
{
	AUTO(chunked) chunked = CHUNKED_INIT;
	struct script script = { .at = said };
	struct compress *compress = NULL;
	ssize_t n;

	chunked_reading(&chunked, &script.reading);
	assert_int_equal(compress_open(COMPRESSION_ZSTD, 1, read_script, &script, &compress), 0);
	assert_int_equal(chunked_open(compress, 1, &chunked), 0);
	while ((n = chunked_read(&chunked, buf_reserve(blob, 1000), 1000)) > 0)
		blob->len += (size_t)n;
	compress_free(compress);
	*ret_toc = chunked.toc;
	return (int)n;
}

static ssize_t hand_out(void *arg, void *bytes, size_t size)
{
	struct buf *left = arg;
	const size_t n = left->len < size ? left->len : size;

	memcpy(bytes, left->data, n);
	left->data += n;
	left->len -= n;
	return (ssize_t)n;
}

/* What a part of it decompresses to. */
static void check_text(const struct buf *blob, uint64_t at, uint64_t len, const char *text)
{
	struct buf part = { .data = blob->data + at, .len = len };
	AUTO(stream) stream = STREAM_INIT;
	char back[1000] = "";

	assert_int_equal(stream_open(&stream, hand_out, &part), 0);
	assert_int_equal(stream_read(&stream, back, sizeof(back) - 1), (ssize_t)strlen(text));
	assert_string_equal(back, text);
}

static uint64_t number_at(const struct buf *blob, size_t from_end)
{
	const unsigned char *at = (const unsigned char *)blob->data + blob->len - from_end;
	uint64_t value = 0;

	for (int i = 7; i >= 0; i--)
		value = value << 8 | at[i];
	return value;
}

static void parts(void **state)
{
	static const struct piece_said said[] = {
		{ PIECE_BYTES, "header" },
		{ PIECE_CUT, NULL },
		{ PIECE_BYTES, "content" },
		{ PIECE_CUT, NULL },
		{ PIECE_TABLE, "{\"a\":\1"
			       "0\1,\"b\":\1"
			       "1\1}" },
		{ PIECE_SPLIT, "line\n" },
		{ PIECE_BYTES, "end" },
		{ PIECE_SPLIT, "line 2\n" },
		{ PIECES_END, NULL },
	};
	AUTO(buf) blob = BUF_INIT, table = BUF_INIT;
	char digest[DIGEST_TEXT_SIZE];
	struct chunked_toc toc;
	unsigned a = 0, b = 0;

	(void)state;
	assert_int_equal(make(said, &blob, &toc), 0);
	check_text(&blob, 0, blob.len, "headercontentend");
	assert_int_equal(digest_of(blob.data + toc.table.offset, toc.table.len, digest), 0);
	assert_string_equal(digest, toc.digest);
	assert_int_equal(digest_of(blob.data + toc.split.offset, toc.split.len, digest), 0);
	check_text(&blob, toc.split.offset, toc.split.len, "line\nline 2\n");
	assert_int_equal(toc.split.full_len, 12);
	/* The header's frame, and that of the content. */
	for (a = 1; memcmp(blob.data + a, blob.data, 4) != 0; a++)
		;
	for (b = a + 1; memcmp(blob.data + b, blob.data, 4) != 0; b++)
		;
	check_text(&blob, a, b - a, "content");
	buf_addf(&table,
		 "{\"version\":1,\"entries\":[{\"a\":%u,\"b\":%u}],\"tarSplitDigest\":\"%s\"}", a,
		 b, digest);
	check_text(&blob, toc.table.offset, toc.table.len, table.data);
	assert_int_equal(toc.table.full_len, table.len);
	/* The last frame says the same. */
	assert_memory_equal(blob.data + blob.len - 72, "\x50\x2a\x4d\x18\x40\0\0\0", 8);
	assert_int_equal(number_at(&blob, 64), toc.table.offset);
	assert_int_equal(number_at(&blob, 56), toc.table.len);
	assert_int_equal(number_at(&blob, 48), toc.table.full_len);
	assert_int_equal(number_at(&blob, 40), 1);
	assert_int_equal(number_at(&blob, 32), toc.split.offset);
	assert_int_equal(number_at(&blob, 24), toc.split.len);
	assert_int_equal(number_at(&blob, 16), toc.split.full_len);
	assert_memory_equal(blob.data + blob.len - 8, "GNUlInUx", 8);
}

static void unfit(void **state)
{
	static const struct piece_said said[] = {
		{ PIECE_BYTES, "some" },
		{ PIECE_CUT, NULL },
		{ PIECE_TABLE, "{\1"
			       "9\1}" },
		{ PIECE_UNFIT, NULL },
		{ PIECE_BYTES, "more" },
		{ PIECE_SPLIT, "late" },
		{ PIECES_END, NULL },
	};
	AUTO(buf) blob = BUF_INIT;
	struct chunked_toc toc;

	(void)state;
	assert_int_equal(make(said, &blob, &toc), 0);
	assert_string_equal(toc.digest, "");
	check_text(&blob, 0, blob.len, "somemore");
	/* Two frames and nothing else. */
	assert_true(blob.len < 72);
}

/* Whatever a cell that was taken over says. */
static void nonsense(void **state)
{
	static const char *const tables[] = { "\1"
					      "1\1",
					      "\1",
					      "\1"
					      "0",
					      "\1"
					      "0\2\1",
					      "\1"
					      "99999999999999999999\1",
					      "\1-1\1" };
	struct piece_said said[] = { { PIECE_BYTES, "some" },
				     { PIECE_CUT, NULL },
				     { PIECE_TABLE, "" },
				     { PIECES_END, NULL } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		AUTO(buf) blob = BUF_INIT;
		struct chunked_toc toc;

		said[2].text = tables[i];
		assert_int_equal(make(said, &blob, &toc), -EPROTO);
		err_clear();
	}
}

/* More than there may be of each, in pieces of the largest length. */
static void too_much(void **state)
{
	static const enum piece kinds[] = { PIECE_TABLE, PIECE_SPLIT, PIECE_CUT };
	autofree unsigned char *piece = xalloc(PIECE_MAX);
	uint32_t x = 1;

	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		AUTO(chunked) chunked = CHUNKED_INIT;
		struct inflate_reading reading;
		struct script script = { .at = NULL };
		struct compress *compress = NULL;
		size_t n = 0;
		int rc = 0;

		chunked_reading(&chunked, &reading);
		assert_int_equal(
			compress_open(COMPRESSION_ZSTD, 1, read_script, &script, &compress), 0);
		assert_int_equal(chunked_open(compress, 1, &chunked), 0);
		for (n = 0; rc == 0 && n < 1000 && !chunked.unfit; n++) {
			for (size_t i = 0; i < PIECE_MAX && kinds[k] == PIECE_SPLIT; i++) {
				x = x * 1664525 + 1013904223;
				piece[i] = (unsigned char)(x >> 24);
			}
			if (kinds[k] == PIECE_CUT)
				chunked.cuts = MAX_TABLE_CUTS - 1 + n;
			rc = reading.take(reading.arg, kinds[k], piece,
					  kinds[k] == PIECE_CUT ? 0 : PIECE_MAX);
		}
		assert_true(n < 1000);
		if (kinds[k] == PIECE_SPLIT) {
			assert_true(chunked.unfit);
			assert_int_equal(chunked.split.out.len, 0);
		} else {
			assert_int_equal(rc, -EPROTO);
		}
		assert_true(chunked.table.len <= MAX_TABLE);
		err_clear();
		compress_free(compress);
	}
}

static void places(void **state)
{
	static const char *const wrong[] = {
		"", "1:2", "1:2:3:4", "1:2:", "a:2:3", "-1:2:3", "1:2:99999999999999999999"
	};
	const struct chunked_place place = { 1, 0, INT64_MAX };
	struct chunked_place back;
	AUTO(buf) text = BUF_INIT;

	(void)state;
	chunked_print_place(&text, &place);
	assert_string_equal(text.data, "1:0:9223372036854775807");
	assert_int_equal(chunked_parse_place(text.data, &back), 0);
	assert_memory_equal(&back, &place, sizeof(place));
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_true(chunked_parse_place(wrong[i], &back) < 0);
	err_clear();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts),    cmocka_unit_test(unfit),  cmocka_unit_test(nonsense),
		cmocka_unit_test(too_much), cmocka_unit_test(places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
