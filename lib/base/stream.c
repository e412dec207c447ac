/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/stream.h"

#include <isa-l/igzip_lib.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/alloc.h"
#include "base/bounds.h"
#include "base/err.h"
#include "base/late.h"

/* Deflate cannot do better than 1032:1, and nothing honest comes near that over a whole GiB. */
#define RATIO_MAX 1000
#define RATIO_FROM (1ULL << 30)

/* What a step of a codec did, where it is no error. */
enum step {
	STEP_ON,         /* goes on, or needs input */
	STEP_MEMBER_END, /* a gzip member or zstd frame ended, all of it was given out */
	STEP_END,        /* the data ended (only where members are not marked) */
};

struct stream_codec {
	enum compression compression;
	const char *name;
	bool reads_itself; /* takes from the source what is not in stream->in */
	int (*load)(void);
	void (*open)(struct stream *stream);
	/* From stream->in to out; *ret_produced is written in any case. Returns an enum step. */
	int (*step)(struct stream *stream, unsigned char *out, size_t size, size_t *ret_produced);
	void (*next_member)(struct stream *stream);
	void (*close)(struct stream *stream);
};

static int refill(struct stream *stream)
{
	ssize_t n;

	if (stream->source_ended)
		return 0;
	memmove(stream->in, stream->in + stream->at, stream->left);
	stream->at = 0;
	n = stream->source(stream->arg, stream->in + stream->left, STREAM_CHUNK - stream->left);
	TRY(n);
	stream->left += (size_t)n;
	stream->taken += (uint64_t)n;
	stream->source_ended = n == 0;
	return 0;
}

static void take(struct stream *stream, size_t left)
{
	stream->at += stream->left - left;
	stream->left = left;
}

static int corrupt(const struct stream *stream, const char *why)
{
	return refuse_with(EBADMSG, "the %s data is corrupt (%s)",
			   compression_name(stream_compression(stream)), why);
}

/* gzip by ISA-L */

static struct {
	void (*init)(struct inflate_state *state);
	void (*reset)(struct inflate_state *state);
	int (*inflate)(struct inflate_state *state);
} isal;

static const struct late_symbol isal_symbols[] = {
	{ "isal_inflate_init", &isal.init },
	{ "isal_inflate_reset", &isal.reset },
	{ "isal_inflate", &isal.inflate },
};

static int isal_load(void)
{
	return late_load("libisal.so.2", isal_symbols, ARRAY_SIZE(isal_symbols));
}

static void isal_open(struct stream *stream)
{
	struct inflate_state *state = xcalloc(1, sizeof(*state));

	isal.init(state);
	state->crc_flag = ISAL_GZIP;
	stream->state = state;
}

static const char *isal_text(int rc)
{
	switch (rc) {
	case ISAL_INVALID_WRAPPER:
		return "bad header";
	case ISAL_UNSUPPORTED_METHOD:
		return "unknown method";
	case ISAL_INCORRECT_CHECKSUM:
		return "wrong check sum";
	default:
		return "invalid block";
	}
}

static int isal_step(struct stream *stream, unsigned char *out, size_t size, size_t *ret_produced)
{
	struct inflate_state *state = stream->state;
	int rc;

	state->next_in = stream->in + stream->at;
	state->avail_in = (uint32_t)stream->left;
	state->next_out = out;
	state->avail_out = size < UINT32_MAX ? (uint32_t)size : UINT32_MAX;
	rc = isal.inflate(state);
	take(stream, state->avail_in);
	*ret_produced = (size_t)(state->next_out - out);
	if (rc < 0)
		return corrupt(stream, isal_text(rc));
	return state->block_state == ISAL_BLOCK_FINISH ? STEP_MEMBER_END : STEP_ON;
}

static void isal_next(struct stream *stream)
{
	struct inflate_state *state = stream->state;

	isal.reset(state);
	state->crc_flag = ISAL_GZIP;
}

static void state_free(struct stream *stream)
{
	free(stream->state);
}

/* gzip by zlib */

static int zlib_load(void)
{
	return 0;
}

static void zlib_open(struct stream *stream)
{
	z_stream *z = xcalloc(1, sizeof(*z));

	/* 16: with a gzip header. It fails for want of memory only. */
	if (inflateInit2(z, 16 + MAX_WBITS) != Z_OK)
		out_of_memory();
	stream->state = z;
}

static int zlib_step(struct stream *stream, unsigned char *out, size_t size, size_t *ret_produced)
{
	z_stream *z = stream->state;
	int rc;

	z->next_in = stream->in + stream->at;
	z->avail_in = (uInt)stream->left;
	z->next_out = out;
	z->avail_out = size < UINT32_MAX ? (uInt)size : UINT32_MAX;
	rc = inflate(z, Z_NO_FLUSH);
	take(stream, z->avail_in);
	*ret_produced = (size_t)(z->next_out - out);
	if (rc == Z_STREAM_END)
		return STEP_MEMBER_END;
	if (rc != Z_OK && rc != Z_BUF_ERROR)
		return corrupt(stream, z->msg != NULL ? z->msg : "invalid block");
	return STEP_ON;
}

static void zlib_next(struct stream *stream)
{
	inflateReset(stream->state);
}

static void zlib_close(struct stream *stream)
{
	inflateEnd(stream->state);
	free(stream->state);
}

/* zstd */

static struct {
	ZSTD_DCtx *(*create)(void);
	size_t (*free)(ZSTD_DCtx *ctx);
	size_t (*set)(ZSTD_DCtx *ctx, ZSTD_dParameter param, int value);
	size_t (*decompress)(ZSTD_DCtx *ctx, ZSTD_outBuffer *out, ZSTD_inBuffer *in);
	unsigned (*is_error)(size_t code);
	const char *(*error_name)(size_t code);
} zstd;

static const struct late_symbol zstd_symbols[] = {
	{ "ZSTD_createDCtx", &zstd.create },     { "ZSTD_freeDCtx", &zstd.free },
	{ "ZSTD_DCtx_setParameter", &zstd.set }, { "ZSTD_decompressStream", &zstd.decompress },
	{ "ZSTD_isError", &zstd.is_error },      { "ZSTD_getErrorName", &zstd.error_name },
};

static int zstd_load(void)
{
	return late_load("libzstd.so.1", zstd_symbols, ARRAY_SIZE(zstd_symbols));
}

static void zstd_open(struct stream *stream)
{
	stream->state = zstd.create();
	if (stream->state == NULL)
		out_of_memory();
	zstd.set(stream->state, ZSTD_d_windowLogMax, MAX_ZSTD_WINDOW_LOG);
}

static int zstd_step(struct stream *stream, unsigned char *out, size_t size, size_t *ret_produced)
{
	ZSTD_inBuffer in = { .src = stream->in + stream->at, .size = stream->left };
	ZSTD_outBuffer to = { .dst = out, .size = size };
	size_t rc = zstd.decompress(stream->state, &to, &in);

	take(stream, in.size - in.pos);
	*ret_produced = to.pos;
	if (zstd.is_error(rc))
		return corrupt(stream, zstd.error_name(rc));
	return rc == 0 ? STEP_MEMBER_END : STEP_ON;
}

/* The next frame begins by itself. */
static void zstd_next(struct stream *stream)
{
	(void)stream;
}

static void zstd_close(struct stream *stream)
{
	zstd.free(stream->state);
}

/* No compression: what sniffing read comes first, the rest goes from the source straight to the
 * reader. */

static int plain_load(void)
{
	return 0;
}

static void plain_open(struct stream *stream)
{
	stream->state = NULL;
}

static int plain_step(struct stream *stream, unsigned char *out, size_t size, size_t *ret_produced)
{
	size_t n = stream->left < size ? stream->left : size;
	ssize_t got;

	*ret_produced = n;
	if (n != 0) {
		memcpy(out, stream->in + stream->at, n);
		take(stream, stream->left - n);
		return STEP_ON;
	}
	if (stream->source_ended)
		return STEP_END;
	got = stream->source(stream->arg, out, size);
	TRY(got);
	*ret_produced = (size_t)got;
	stream->taken += (uint64_t)got;
	stream->source_ended = got == 0;
	return STEP_ON;
}

/* The first row that has the compression and can be loaded serves it. */
static const struct stream_codec codecs[] = {
	{ COMPRESSION_GZIP, "gzip", false, isal_load, isal_open, isal_step, isal_next, state_free },
	{ COMPRESSION_GZIP, "gzip", false, zlib_load, zlib_open, zlib_step, zlib_next, zlib_close },
	{ COMPRESSION_ZSTD, "zstd", false, zstd_load, zstd_open, zstd_step, zstd_next, zstd_close },
	{ COMPRESSION_NONE, "no compression", true, plain_load, plain_open, plain_step, NULL,
	  state_free },
};

static int find_codec(enum compression compression, const struct stream_codec **ret_codec)
{
	int rc = -EINVAL;

	for (size_t i = 0; i < ARRAY_SIZE(codecs); i++) {
		if (codecs[i].compression != compression)
			continue;
		rc = codecs[i].load();
		if (rc < 0)
			continue;
		err_clear();
		*ret_codec = &codecs[i];
		return 0;
	}
	return rc;
}

const char *compression_name(enum compression compression)
{
	for (size_t i = 0; i < ARRAY_SIZE(codecs); i++)
		if (codecs[i].compression == compression)
			return codecs[i].name;
	return "unknown compression";
}

enum compression stream_sniff(const void *bytes, size_t len)
{
	const unsigned char *b = bytes;

	if (len >= 2 && b[0] == 0x1f && b[1] == 0x8b)
		return COMPRESSION_GZIP;
	if (len >= 4 && b[0] == 0x28 && b[1] == 0xb5 && b[2] == 0x2f && b[3] == 0xfd)
		return COMPRESSION_ZSTD;
	/* A skippable frame, RFC 8878 section 3.1.2. */
	if (len >= 4 && (b[0] & 0xf0) == 0x50 && b[1] == 0x2a && b[2] == 0x4d && b[3] == 0x18)
		return COMPRESSION_ZSTD;
	return COMPRESSION_NONE;
}

int stream_load(enum compression compression)
{
	const struct stream_codec *codec;

	return find_codec(compression, &codec);
}

static int open_codec(struct stream *stream)
{
	enum compression compression;

	while (stream->left < STREAM_MAGIC_LEN && !stream->source_ended)
		TRY(refill(stream));
	compression = stream_sniff(stream->in, stream->left);
	TRY(find_codec(compression, &stream->codec));
	stream->codec->open(stream);
	return 0;
}

int stream_open(struct stream *stream, stream_source source, void *arg)
{
	int rc;

	*stream = (struct stream){ .source = source, .arg = arg, .limit = UINT64_MAX };
	stream->in = xalloc(STREAM_CHUNK);
	rc = open_codec(stream);
	if (rc < 0)
		stream_release(stream);
	return rc;
}

static ssize_t read_fd(void *arg, void *bytes, size_t size)
{
	const int *fd = arg;
	ssize_t n;

	do
		n = read(*fd, bytes, size);
	while (n < 0 && errno == EINTR);
	return n >= 0 ? n : fail("cannot read");
}

int stream_open_fd(struct stream *stream, const int *fd)
{
	return stream_open(stream, read_fd, (void *)(uintptr_t)fd);
}

/* A member ended: end, or begin the next one. */
static int end_member(struct stream *stream)
{
	bool padded = false;

	for (;;) {
		if (stream->left < STREAM_MAGIC_LEN && !stream->source_ended) {
			TRY(refill(stream));
		} else if (stream->left == 0) {
			stream->ended = true;
			return 0;
		} else if (stream->in[stream->at] == 0) {
			padded = true;
			take(stream, stream->left - 1);
		} else {
			break;
		}
	}
	if (padded ||
	    stream_sniff(stream->in + stream->at, stream->left) != stream_compression(stream))
		return corrupt(stream, "something else follows its end");
	stream->codec->next_member(stream);
	return 0;
}

static int check_amount(struct stream *stream)
{
	if (stream->produced > stream->limit)
		return refuse_with(EFBIG,
				   "the data is larger than %llu bytes when it is decompressed",
				   (unsigned long long)stream->limit);
	if (stream->produced > RATIO_FROM && stream->produced / RATIO_MAX > stream->taken)
		return refuse_with(EFBIG,
				   "the data grows to more than %d times its size "
				   "when it is decompressed",
				   RATIO_MAX);
	return 0;
}

ssize_t stream_read(struct stream *stream, void *bytes, size_t size)
{
	size_t done = 0;

	while (done < size && !stream->ended) {
		size_t produced, before;
		int step;

		if (stream->left == 0 && !stream->codec->reads_itself)
			TRY(refill(stream));
		before = stream->left;
		step = stream->codec->step(stream, (unsigned char *)bytes + done, size - done,
					   &produced);
		TRY(step);
		done += produced;
		stream->produced += produced;
		TRY(check_amount(stream));
		if (step == STEP_MEMBER_END)
			TRY(end_member(stream));
		else if (step == STEP_END)
			stream->ended = true;
		else if (produced == 0 && stream->left == before && stream->source_ended &&
			 !stream->codec->reads_itself)
			return corrupt(stream, "it ends in the middle");
	}
	return (ssize_t)done;
}

enum compression stream_compression(const struct stream *stream)
{
	return stream->codec->compression;
}

void stream_release(struct stream *stream)
{
	if (stream->codec != NULL)
		stream->codec->close(stream);
	free(stream->in);
	*stream = (struct stream)STREAM_INIT;
}
