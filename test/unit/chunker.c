/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/chunker.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "unit.h"

static void fill(unsigned char *bytes, size_t len)
{
	uint32_t x = 7;

	for (size_t i = 0; i < len; i++) {
		x = x * 1664525 + 1013904223;
		bytes[i] = (unsigned char)((x >> 24) % 255 + 1);
	}
}

struct places {
	uint64_t len, ends[64];
	bool holes[64];
	size_t n;
	const unsigned char *expected;
};

static int count_bytes(void *arg, const unsigned char *bytes, size_t len)
{
	struct places *places = arg;

	assert_memory_equal(bytes, places->expected + places->len, len);
	places->len += len;
	return 0;
}

static int note_end(void *arg, bool hole)
{
	struct places *places = arg;

	assert_true(places->n < 64);
	places->holes[places->n] = hole;
	places->ends[places->n++] = places->len;
	return 0;
}

static struct places cut_in(const unsigned char *bytes, size_t len, size_t step)
{
	struct places places = { .expected = bytes };
	AUTO(chunker) chunker;

	chunker_init(&chunker);
	chunker.content = count_bytes;
	chunker.chunk_ended = note_end;
	chunker.arg = &places;
	/* What was before leaves nothing behind. */
	chunker_begin(&chunker);
	chunker_begin(&chunker);
	for (size_t at = 0; at < len; at += step)
		assert_int_equal(
			chunker_add(&chunker, bytes + at, len - at < step ? len - at : step), 0);
	assert_int_equal(chunker_end(&chunker), 0);
	assert_int_equal(places.len, len);
	return places;
}

static void steps(void **state)
{
	static const size_t widths[] = { 1, 63, 64, 1023, 1024, 1025, 100000, CHUNKER_SIZE + 1 };
	const size_t len = 400000;
	autofree unsigned char *bytes = xalloc(len);
	struct places first;

	(void)state;
	fill(bytes, len);
	memset(bytes, 0, 1024);
	memset(bytes + 100000, 0, 1023);
	memset(bytes + 200000, 0, CHUNKER_SIZE);
	memset(bytes + len - 2000, 0, 2000);
	first = cut_in(bytes, len, len);
	assert_int_equal(first.ends[0], 1024);
	assert_true(first.holes[0]);
	assert_false(first.holes[1]);
	assert_true(first.holes[first.n - 1]);
	assert_int_equal(first.ends[first.n - 1], len);
	assert_int_equal(first.ends[first.n - 2], len - 2000);
	for (size_t i = 0; i < ARRAY_SIZE(widths); i++) {
		const struct places other = cut_in(bytes, len, widths[i]);

		assert_int_equal(other.n, first.n);
		assert_memory_equal(other.ends, first.ends, sizeof(first.ends));
		assert_memory_equal(other.holes, first.holes, sizeof(first.holes));
	}
	/* A byte in front: the chunks are the same from some place on. */
	memmove(bytes + 10001, bytes + 10000, 80000);
	bytes[10000] = 3;
	assert_int_equal(cut_in(bytes, len, len).n, first.n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
