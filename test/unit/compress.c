/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/frames.h"
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

	for (size_t p = 0; p < PACKERS; p++) {
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

	for (size_t p = 0; p < PACKERS; p++) {
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
	for (size_t p = 0; p < PACKERS; p++) {
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

/* A source that cuts before the bytes at each of `at`, and gives no more than up to the next. */
struct cutting {
	struct compress *compress;
	const unsigned char *plain;
	const size_t *at;
	size_t n, next, done, len;
	uint64_t ends[8];
	size_t n_ends;
};

static ssize_t cut_and_hand_out(void *arg, void *bytes, size_t size)
{
	struct cutting *cutting = arg;
	size_t n;

	if (cutting->next < cutting->n && cutting->at[cutting->next] == cutting->done) {
		TRY(compress_cut(cutting->compress));
		cutting->next++;
	}
	n = (cutting->next < cutting->n ? cutting->at[cutting->next] : cutting->len) -
	    cutting->done;
	n = n < size ? n : size;
	memcpy(bytes, cutting->plain + cutting->done, n);
	cutting->done += n;
	return (ssize_t)n;
}

static void note_end(void *arg, uint64_t offset)
{
	struct cutting *cutting = arg;

	assert_true(cutting->n_ends < ARRAY_SIZE(cutting->ends));
	cutting->ends[cutting->n_ends++] = offset;
}

/* Between two places that were cut there are frames that give just those bytes; the last place is
 * at a block's end, the one before at the beginning. */
static void cuts(void **state)
{
	static const size_t at[] = {
		0, 10, 1000000, ZSTD_BLOCK + 5, 2 * ZSTD_BLOCK, 3 * ZSTD_BLOCK
	};
	unsigned char *plain = make_plain(BLOCKS_LEN);
	struct cutting cutting = {
		.plain = plain, .at = at, .n = ARRAY_SIZE(at), .len = 3 * ZSTD_BLOCK
	};
	AUTO(buf) out = BUF_INIT;
	ssize_t n;

	assert_int_equal(
		compress_open(COMPRESSION_ZSTD, 1, cut_and_hand_out, &cutting, &cutting.compress),
		0);
	compress_watch(cutting.compress, note_end, &cutting);
	while ((n = compress_read(cutting.compress, buf_reserve(&out, 70001), 70001)) > 0)
		out.len += (size_t)n;
	assert_int_equal(n, 0);
	compress_free(cutting.compress);
	assert_int_equal(cutting.n_ends, ARRAY_SIZE(at));
	assert_int_equal(cutting.ends[0], 0);
	assert_int_equal(cutting.ends[ARRAY_SIZE(at) - 1], out.len);
	for (size_t i = 1; i < ARRAY_SIZE(at); i++) {
		const struct made frames = { (unsigned char *)out.data + cutting.ends[i - 1],
					     cutting.ends[i] - cutting.ends[i - 1] };

		check_back(&frames, COMPRESSION_ZSTD, plain + at[i - 1], at[i] - at[i - 1]);
	}
	free(plain);
}

/* More parts than a block holds, each a byte. */
static ssize_t cut_each_byte(void *arg, void *bytes, size_t size)
{
	struct cutting *cutting = arg;

	(void)size;
	TRY(compress_cut(cutting->compress));
	memset(bytes, 'x', 1);
	return cutting->done++ < cutting->len;
}

static ssize_t cut_without_bytes(void *arg, void *bytes, size_t size)
{
	struct cutting *cutting = arg;

	for (;;)
		TRY(compress_cut(cutting->compress));
	(void)bytes;
	return (ssize_t)size;
}

static void many_cuts(void **state)
{
	struct cutting cutting = { .len = 3 * CUTS_MAX + 1 };
	unsigned char *text = make_plain(cutting.len), bytes[1000];
	AUTO(buf) out = BUF_INIT;
	struct made made;
	ssize_t n;

	memset(text, 'x', cutting.len);
	assert_int_equal(
		compress_open(COMPRESSION_ZSTD, 1, cut_each_byte, &cutting, &cutting.compress), 0);
	while ((n = compress_read(cutting.compress, bytes, sizeof(bytes))) > 0)
		buf_add(&out, bytes, (size_t)n);
	assert_int_equal(n, 0);
	compress_free(cutting.compress);
	made = (struct made){ (unsigned char *)out.data, out.len };
	check_back(&made, COMPRESSION_ZSTD, text, cutting.len);
	free(text);
	assert_int_equal(
		compress_open(COMPRESSION_ZSTD, 1, cut_without_bytes, &cutting, &cutting.compress),
		0);
	assert_int_equal(compress_read(cutting.compress, bytes, sizeof(bytes)), -EPROTO);
	compress_free(cutting.compress);
}

/* What is put into memory piece by piece. */
static void frames(void **state)
{
	static const size_t lens[] = { 0, 1, ZSTD_BLOCK, BLOCKS_LEN };
	unsigned char *plain = make_plain(BLOCKS_LEN);

	for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
		AUTO(frames) frames = FRAMES_INIT;
		struct made made;

		assert_int_equal(frames_open(0, &frames), 0);
		for (size_t at = 0; at < lens[i]; at += 999999)
			assert_int_equal(frames_add(&frames, plain + at,
						    lens[i] - at < 999999 ? lens[i] - at : 999999),
					 0);
		assert_int_equal(frames_end(&frames), 0);
		assert_int_equal(frames.taken, lens[i]);
		made = (struct made){ (unsigned char *)frames.out.data, frames.out.len };
		check_back(&made, COMPRESSION_ZSTD, plain, lens[i]);
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
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(every_level),
		cmocka_unit_test(the_same_each_time),
		cmocka_unit_test(what_does_not_compress),
		cmocka_unit_test(a_source_that_fails),
		cmocka_unit_test(given_up_early),
		cmocka_unit_test(cuts),
		cmocka_unit_test(many_cuts),
		cmocka_unit_test(frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
