/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

/* The file itself, to reach the row of zlib at every level, and the number of threads. */
#include "../../lib/base/compress.c"

#define BLOCKS_LEN (3 * ZSTD_BLOCK + 12345)

/* A source that hands bytes out in pieces of `most`, and then fails if it is to. */
struct data {
	const unsigned char *bytes;
	size_t len, at, most;
	int fails;
};

static ssize_t hand_out(void *arg, void *bytes, size_t size)
{
	struct data *data = arg;
	size_t n = data->len - data->at;

	if (n == 0 && data->fails != 0)
		return fail_with(data->fails, "cannot read");
	n = n > size ? size : n;
	n = n > data->most ? data->most : n;
	memcpy(bytes, data->bytes + data->at, n);
	data->at += n;
	return (ssize_t)n;
}

/* Text that compresses, some that does not, and zeros. */
static unsigned char *make_plain(size_t len)
{
	unsigned char *plain = xalloc(len + 1);
	uint32_t x = 1;

	for (size_t i = 0; i < len; i++) {
		const size_t kind = i / 100000 % 3;

		x = x * 1664525 + 1013904223;
		plain[i] = kind == 0   ? (unsigned char)("berth "[(x >> 24) % 6])
			   : kind == 1 ? (unsigned char)(x >> 24)
				       : 0;
	}
	return plain;
}

struct made {
	unsigned char *bytes;
	size_t len;
};

/* threads 0: as many as there are processors. packer NULL: the first that serves. */
static ssize_t make(enum compression format, int level, const struct packer *packer, size_t threads,
		    struct data *data, struct made *made)
{
	struct compress *compress = NULL;
	ssize_t n;

	*made = (struct made){ 0 };
	data->at = 0;
	TRY(compress_open(format, level, hand_out, data, &compress));
	if (packer != NULL)
		compress->packer = packer;
	if (threads != 0) {
		compress->threads_max = threads;
		free(compress->v);
		compress->n = threads + 2;
		compress->v = xcalloc(compress->n, sizeof(*compress->v));
	}
	do {
		made->bytes = xrealloc(made->bytes, made->len + 70001, 1);
		n = compress_read(compress, made->bytes + made->len, 70001);
		made->len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	if (n == 0) {
		assert_int_equal(compress_taken(compress), data->len);
		/* It stays at its end. */
		assert_int_equal(compress_read(compress, made->bytes, 1), 0);
	}
	compress_free(compress);
	return n;
}

/* Decompressed by base/stream it is the same again. */
static void check_back(const struct made *made, enum compression format, const unsigned char *plain,
		       size_t len)
{
	struct data data = { .bytes = made->bytes, .len = made->len, .most = SIZE_MAX };
	unsigned char *back = xalloc(len + 10);
	AUTO(stream) stream = STREAM_INIT;

	assert_int_equal(stream_open(&stream, hand_out, &data), 0);
	assert_int_equal(stream_compression(&stream), format);
	assert_int_equal(stream_read(&stream, back, len + 10), (ssize_t)len);
	assert_memory_equal(back, plain, len);
	free(back);
}

/* zlib's own reader sees one member, with nothing behind it. */
static void check_one_member(const struct made *made, size_t len)
{
	unsigned char *back = xalloc(len + 10);
	z_stream z = { 0 };

	assert_int_equal(inflateInit2(&z, 16 + MAX_WBITS), Z_OK);
	z.next_in = made->bytes;
	z.avail_in = (uInt)made->len;
	z.next_out = back;
	z.avail_out = (uInt)len + 10;
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(z.avail_in, 0);
	assert_int_equal(z.total_out, len);
	inflateEnd(&z);
	free(back);
}

static void there_and_back(void **state)
{
	static const size_t lens[] = { 0,          1,
				       100,        GZIP_BLOCK - 1,
				       GZIP_BLOCK, GZIP_BLOCK + 1,
				       ZSTD_BLOCK, ZSTD_BLOCK + 1,
				       BLOCKS_LEN };
	unsigned char *plain = make_plain(BLOCKS_LEN);

	for (size_t p = 0; p < ARRAY_SIZE(packers); p++) {
		for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
			struct data data = { .bytes = plain, .len = lens[i], .most = SIZE_MAX };
			struct made made;

			assert_int_equal(packers[p].load(), 0);
			assert_int_equal(make(packers[p].format, 0, &packers[p], 0, &data, &made),
					 0);
			check_back(&made, packers[p].format, plain, lens[i]);
			if (packers[p].format == COMPRESSION_GZIP)
				check_one_member(&made, lens[i]);
			free(made.bytes);
		}
	}
	free(plain);
}

static void every_level(void **state)
{
	static const struct {
		enum compression format;
		int last;
	} formats[] = { { COMPRESSION_GZIP, 9 }, { COMPRESSION_ZSTD, 19 } };
	const size_t len = GZIP_BLOCK + 1000;
	unsigned char *plain = make_plain(len);

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		size_t first = 0;

		for (int level = 1; level <= formats[i].last; level++) {
			struct data data = { .bytes = plain, .len = len, .most = SIZE_MAX };
			struct made made;

			assert_int_equal(make(formats[i].format, level, NULL, 0, &data, &made), 0);
			check_back(&made, formats[i].format, plain, len);
			assert_true(made.len < len);
			first = level == 1 ? made.len : first;
			/* The highest is worth it. */
			if (level == formats[i].last)
				assert_true(made.len < first);
			free(made.bytes);
		}
		assert_int_equal(compress_check_level(formats[i].format, formats[i].last), 0);
		assert_int_equal(compress_check_level(formats[i].format, 0), 0);
		assert_int_equal(compress_check_level(formats[i].format, formats[i].last + 1),
				 -EINVAL);
		assert_int_equal(compress_check_level(formats[i].format, -1), -EINVAL);
	}
	assert_int_equal(compress_check_level(COMPRESSION_NONE, 0), -EINVAL);
	free(plain);
}

/* Neither the threads nor the pieces in which the source comes show in the result. */
static void the_same_each_time(void **state)
{
	unsigned char *plain = make_plain(BLOCKS_LEN);

	for (size_t p = 0; p < ARRAY_SIZE(packers); p++) {
		struct data data = { .bytes = plain, .len = BLOCKS_LEN, .most = SIZE_MAX };
		struct made first;

		assert_int_equal(packers[p].load(), 0);
		assert_int_equal(make(packers[p].format, 0, &packers[p], 1, &data, &first), 0);
		for (size_t threads = 1; threads <= 5; threads += 2) {
			struct made made;

			data.most = 1000 * threads + 1;
			assert_int_equal(
				make(packers[p].format, 0, &packers[p], threads, &data, &made), 0);
			assert_int_equal(made.len, first.len);
			assert_memory_equal(made.bytes, first.bytes, first.len);
			free(made.bytes);
		}
		free(first.bytes);
	}
	free(plain);
}

static void what_does_not_compress(void **state)
{
	const size_t len = GZIP_BLOCK + 7;
	unsigned char *plain = xalloc(len);
	uint64_t x = 88172645463325252ULL;

	for (size_t i = 0; i < len; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		plain[i] = (unsigned char)(x >> 32);
	}
	for (size_t p = 0; p < ARRAY_SIZE(packers); p++) {
		struct data data = { .bytes = plain, .len = len, .most = SIZE_MAX };
		struct made made;

		for (int level = packers[p].first; level <= packers[p].last; level++) {
			assert_int_equal(
				make(packers[p].format, level, &packers[p], 0, &data, &made), 0);
			check_back(&made, packers[p].format, plain, len);
			assert_true(made.len < len + len / 100 + 100);
			free(made.bytes);
		}
	}
	free(plain);
}

static void a_source_that_fails(void **state)
{
	unsigned char *plain = make_plain(BLOCKS_LEN);

	for (size_t len = 0; len < BLOCKS_LEN; len += 999999) {
		struct data data = { .bytes = plain, .len = len, .most = 50000, .fails = EIO };
		struct made made;

		assert_int_equal(make(COMPRESSION_GZIP, 0, NULL, 0, &data, &made), -EIO);
		assert_non_null(strstr(err_text(), "cannot read"));
		err_clear();
		free(made.bytes);
	}
	free(plain);
}

static void given_up_early(void **state)
{
	unsigned char *plain = make_plain(BLOCKS_LEN);
	struct data data = { .bytes = plain, .len = BLOCKS_LEN, .most = SIZE_MAX };
	struct compress *compress;
	unsigned char bytes[100];

	assert_int_equal(compress_open(COMPRESSION_ZSTD, 3, hand_out, &data, &compress), 0);
	compress_free(compress);
	data.at = 0;
	assert_int_equal(compress_open(COMPRESSION_ZSTD, 19, hand_out, &data, &compress), 0);
	assert_int_equal(compress_read(compress, bytes, sizeof(bytes)), sizeof(bytes));
	compress_free(compress);
	compress_free(NULL);
	free(plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),      cmocka_unit_test(every_level),
		cmocka_unit_test(the_same_each_time),  cmocka_unit_test(what_does_not_compress),
		cmocka_unit_test(a_source_that_fails), cmocka_unit_test(given_up_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
