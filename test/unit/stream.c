/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

/* The file itself, to reach the row of zlib, which serves only where there is no ISA-L. */
#include "../../lib/base/stream.c"

#define PLAIN_LEN 300000

/* Compressed data, and a source that hands it out in pieces of `most` bytes. */
struct data {
	unsigned char *bytes;
	size_t len, at, most;
	int fails; /* after the bytes */
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

/* Text that compresses, and some that does not. */
static void make_plain(unsigned char *plain)
{
	uint32_t x = 1;

	for (size_t i = 0; i < PLAIN_LEN; i++) {
		x = x * 1664525 + 1013904223;
		plain[i] = i % 4096 < 2048 ? (unsigned char)("berth "[i % 6])
					   : (unsigned char)(x >> 24);
	}
}

static void add_gzip(struct data *data, const unsigned char *plain, size_t len)
{
	z_stream z = { 0 };

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY),
			 Z_OK);
	data->bytes = xrealloc(data->bytes, data->len + deflateBound(&z, len) + 64, 1);
	z.next_in = (unsigned char *)(uintptr_t)plain;
	z.avail_in = (uInt)len;
	z.next_out = data->bytes + data->len;
	z.avail_out = (uInt)deflateBound(&z, len) + 64;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	data->len = (size_t)(z.next_out - data->bytes);
	deflateEnd(&z);
}

static void add_bytes(struct data *data, const void *bytes, size_t len)
{
	data->bytes = xrealloc(data->bytes, data->len + len + 1, 1);
	if (len != 0)
		memcpy(data->bytes + data->len, bytes, len);
	data->len += len;
}

/* Two frames that ISA-L and zlib would not take: raw blocks, RFC 8878. */
static void add_zstd(struct data *data, const unsigned char *plain, size_t len)
{
	static const unsigned char head[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58 };
	const size_t block = 64 << 10;

	add_bytes(data, head, sizeof(head));
	do {
		size_t n = len < block ? len : block;
		uint32_t header = (uint32_t)n << 3 | (n == len ? 1 : 0);
		unsigned char bytes[3] = { (unsigned char)header, (unsigned char)(header >> 8),
					   (unsigned char)(header >> 16) };

		add_bytes(data, bytes, sizeof(bytes));
		add_bytes(data, plain, n);
		plain += n;
		len -= n;
	} while (len != 0);
}

static const struct {
	size_t codec; /* row */
	void (*add)(struct data *data, const unsigned char *plain, size_t len);
} kinds[] = { { 0, add_gzip }, { 1, add_gzip }, { 2, add_zstd } };

/* stream_open() with the row of our choice. */
static int open_as(struct stream *stream, size_t codec, struct data *data)
{
	int rc = stream_open(stream, hand_out, data);

	if (rc < 0 || stream->codec == &codecs[codec])
		return rc;
	stream->codec->close(stream);
	assert_int_equal(codecs[codec].load(), 0);
	stream->codec = &codecs[codec];
	stream->codec->open(stream);
	return 0;
}

/* Read all of it in pieces of `piece` bytes; returns the length or the error. */
static ssize_t read_all(size_t codec, struct data *data, size_t piece, unsigned char *out,
			size_t max)
{
	AUTO(stream) stream = STREAM_INIT;
	size_t done = 0;
	ssize_t n;

	data->at = 0;
	TRY(open_as(&stream, codec, data));
	do {
		if (done + piece > max)
			return -E2BIG;
		n = stream_read(&stream, out + done, piece);
		TRY(n);
		done += (size_t)n;
	} while (n == (ssize_t)piece);
	assert_int_equal(stream.produced, done);
	assert_int_equal(stream.taken, data->len);
	return (ssize_t)done;
}

static void reads_members_in_pieces_of_any_size(void **state)
{
	static const size_t sizes[] = { 1, 2, 3, 7, 511, 65536, 1 << 20 };
	unsigned char *plain = xalloc(PLAIN_LEN), *out = xalloc(PLAIN_LEN + (1 << 20));

	(void)state;
	make_plain(plain);
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		struct data data = { 0 };

		kinds[k].add(&data, plain, 100000);
		kinds[k].add(&data, plain + 100000, 0);
		kinds[k].add(&data, plain + 100000, 1);
		kinds[k].add(&data, plain + 100001, PLAIN_LEN - 100001);
		add_bytes(&data, "\0\0\0\0\0", 5);
		for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
			for (size_t j = 2; j < ARRAY_SIZE(sizes); j++) {
				data.most = sizes[i];
				assert_int_equal(read_all(kinds[k].codec, &data, sizes[j], out,
							  PLAIN_LEN + (1 << 20)),
						 PLAIN_LEN);
				assert_memory_equal(out, plain, PLAIN_LEN);
			}
		free(data.bytes);
	}
	free(plain);
	free(out);
}

static void refuses_every_truncation(void **state)
{
	unsigned char plain[3000], out[8192];

	(void)state;
	memset(plain, 'x', sizeof(plain));
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		struct data data = { .most = 100 };
		size_t whole;

		kinds[k].add(&data, plain, 1000);
		kinds[k].add(&data, plain, 2000);
		whole = data.len;
		/* Shorter ones are no compressed data at all. */
		for (data.len = STREAM_MAGIC_LEN; data.len < whole; data.len++) {
			ssize_t n = read_all(kinds[k].codec, &data, 4096, out, sizeof(out));

			/* Between the members it is whole. */
			assert_true(n < 0 || n == 1000);
		}
		free(data.bytes);
	}
}

static void refuses_what_follows(void **state)
{
	unsigned char out[8192];

	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		static const char *const tails[] = { "x", "garbage", "\0x" };

		for (size_t i = 0; i < ARRAY_SIZE(tails); i++) {
			struct data data = { .most = 3 };

			kinds[k].add(&data, (const unsigned char *)"hello", 5);
			add_bytes(&data, tails[i], i == 2 ? 2 : strlen(tails[i]));
			assert_int_equal(read_all(kinds[k].codec, &data, 4096, out, sizeof(out)),
					 -EBADMSG);
			assert_non_null(strstr(err_text(), "something else follows"));
			free(data.bytes);
		}
	}
}

static void notices_damage(void **state)
{
	unsigned char plain[3000], out[8192];
	struct data data = { .most = 100 };

	(void)state;
	memset(plain, 'x', sizeof(plain));
	for (size_t codec = 0; codec < 2; codec++) {
		add_gzip(&data, plain, sizeof(plain));
		data.bytes[data.len - 8] ^= 1; /* CRC-32 */
		assert_int_equal(read_all(codec, &data, 4096, out, sizeof(out)), -EBADMSG);
		data.bytes[data.len - 8] ^= 1;
		data.bytes[data.len - 1] ^= 1; /* length */
		assert_int_equal(read_all(codec, &data, 4096, out, sizeof(out)), -EBADMSG);
		data.len = 0;
	}
	free(data.bytes);
}

static void passes_plain_data_through(void **state)
{
	static const size_t lens[] = { 0, 1, 3, 4, 5, 100, 4096, 5000 };
	unsigned char plain[5000], out[16384];

	(void)state;
	memset(plain, 'p', sizeof(plain));
	for (size_t i = 0; i < ARRAY_SIZE(lens); i++)
		for (size_t most = 1; most < 6000; most = most * 2 + 1) {
			struct data data = { .bytes = plain, .len = lens[i], .most = most };

			assert_int_equal(read_all(3, &data, 4096, out, sizeof(out)), lens[i]);
			assert_memory_equal(out, plain, lens[i]);
		}
}

static void keeps_to_the_limit(void **state)
{
	unsigned char plain[2000] = { 0 }, out[4096];
	struct data data = { .most = 100 };

	(void)state;
	add_gzip(&data, plain, sizeof(plain));
	for (uint64_t limit = 1999; limit <= 2000; limit++) {
		AUTO(stream) stream = STREAM_INIT;

		data.at = 0;
		assert_int_equal(stream_open(&stream, hand_out, &data), 0);
		stream.limit = limit;
		assert_int_equal(stream_read(&stream, out, sizeof(out)),
				 limit == 2000 ? 2000 : -EFBIG);
	}
	free(data.bytes);
}

/* The same zeros again and again. */
static ssize_t hand_out_for_ever(void *arg, void *bytes, size_t size)
{
	struct data *data = arg;

	data->at = data->at == data->len ? 0 : data->at;
	return hand_out(arg, bytes, size);
}

static void stops_at_a_bomb(void **state)
{
	unsigned char *zeros = xcalloc(1, 16 << 20);
	AUTO(stream) stream = STREAM_INIT;
	struct data data = { .most = SIZE_MAX };
	ssize_t n;

	(void)state;
	add_gzip(&data, zeros, 16 << 20);
	assert_int_equal(stream_open(&stream, hand_out_for_ever, &data), 0);
	do
		n = stream_read(&stream, zeros, 16 << 20);
	while (n > 0);
	assert_int_equal(n, -EFBIG);
	assert_in_range(stream.produced, RATIO_FROM, RATIO_FROM + (32ULL << 20));
	free(zeros);
	free(data.bytes);
}

static void passes_on_the_source_s_error(void **state)
{
	unsigned char out[4096];
	struct data data = { .most = 100, .fails = ECONNRESET };

	(void)state;
	assert_int_equal(read_all(3, &data, 100, out, sizeof(out)), -ECONNRESET);
	add_gzip(&data, (const unsigned char *)"hello", 5);
	data.len -= 4;
	assert_int_equal(read_all(0, &data, 100, out, sizeof(out)), -ECONNRESET);
	free(data.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_members_in_pieces_of_any_size),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(refuses_what_follows),
		cmocka_unit_test(notices_damage),
		cmocka_unit_test(passes_plain_data_through),
		cmocka_unit_test(keeps_to_the_limit),
		cmocka_unit_test(stops_at_a_bomb),
		cmocka_unit_test(passes_on_the_source_s_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
