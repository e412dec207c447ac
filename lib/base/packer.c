/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/packer.h"

#include <errno.h>
#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/late.h"

/* --- gzip ------------------------------------------------------------------------------------ */

/* A code of dynamic Huffman blocks has 15 bits at the most. */
static size_t gzip_room(size_t len)
{
	return 2 * len + 4096;
}

static size_t gzip_head(unsigned char *edge)
{
	/* RFC 1952: deflate, no flags, no time, unknown system. */
	static const unsigned char head[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255 };

	memcpy(edge, head, sizeof(head));
	return sizeof(head);
}

static void put_u32(unsigned char *to, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		to[i] = (unsigned char)(value >> (8 * i));
}

/* An empty block with the mark of the last one, RFC 1951 section 3.2.6; check sum and length. */
static size_t gzip_tail(uint32_t crc, uint64_t len, unsigned char *edge)
{
	edge[0] = 3;
	edge[1] = 0;
	put_u32(edge + 2, crc);
	put_u32(edge + 6, (uint32_t)len);
	return 10;
}

/* gzip by ISA-L */

static struct {
	void (*init)(struct isal_zstream *stream);
	int (*deflate)(struct isal_zstream *stream);
	uint32_t (*crc)(uint32_t init, const unsigned char *bytes, uint64_t len);
} isal;

static const struct late_symbol isal_symbols[] = {
	{ "isal_deflate_init", &isal.init },
	{ "isal_deflate", &isal.deflate },
	{ "crc32_gzip_refl", &isal.crc },
};

struct isal_packer {
	struct isal_zstream stream;
	uint32_t level;
	uint32_t memory_size;
	unsigned char memory[];
};

static int isal_load(void)
{
	return late_load("libisal.so.2", isal_symbols, ARRAY_SIZE(isal_symbols));
}

/* Its levels 1 to 3 are all fast; the default is the one that is smaller at no cost. */
static void *isal_open(int level)
{
	static const uint32_t sizes[] = { 0, ISAL_DEF_LVL1_DEFAULT, ISAL_DEF_LVL2_DEFAULT,
					  ISAL_DEF_LVL3_DEFAULT };
	const uint32_t own = level == 1 ? 1 : level <= 4 ? 2 : 3;
	struct isal_packer *packer = xalloc(sizeof(*packer) + sizes[own]);

	packer->level = own;
	packer->memory_size = sizes[own];
	return packer;
}

static int isal_pack(void *state, struct block *block)
{
	struct isal_packer *packer = state;
	struct isal_zstream *stream = &packer->stream;
	const size_t room = gzip_room(block->in_len);

	isal.init(stream);
	stream->level = packer->level;
	stream->level_buf = packer->memory;
	stream->level_buf_size = packer->memory_size;
	stream->flush = FULL_FLUSH;
	stream->next_in = block->in;
	stream->avail_in = (uint32_t)block->in_len;
	stream->next_out = block->out;
	stream->avail_out = (uint32_t)room;
	if (isal.deflate(stream) != COMP_OK || stream->avail_in != 0 || stream->avail_out == 0)
		return -EIO;
	block->out_len = room - stream->avail_out;
	block->crc = isal.crc(0, block->in, block->in_len);
	return 0;
}

static void isal_close(void *state)
{
	free(state);
}

/* gzip by zlib: where there is no ISA-L, and for who wants it small whatever it costs */

static int zlib_load(void)
{
	return 0;
}

static void *zlib_open(int level)
{
	z_stream *z = xcalloc(1, sizeof(*z));

	/* Negative: without a header. It fails for want of memory only. */
	if (deflateInit2(z, level, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		out_of_memory();
	return z;
}

static int zlib_pack(void *state, struct block *block)
{
	const size_t room = gzip_room(block->in_len);
	z_stream *z = state;

	deflateReset(z);
	z->next_in = block->in;
	z->avail_in = (uInt)block->in_len;
	z->next_out = block->out;
	z->avail_out = (uInt)room;
	if (deflate(z, Z_FULL_FLUSH) != Z_OK || z->avail_in != 0 || z->avail_out == 0)
		return -EIO;
	block->out_len = room - z->avail_out;
	block->crc = (uint32_t)crc32_z(0, block->in, block->in_len);
	return 0;
}

static void zlib_close(void *state)
{
	deflateEnd(state);
	free(state);
}

/* --- zstd ------------------------------------------------------------------------------------ */

static struct {
	ZSTD_CCtx *(*create)(void);
	size_t (*free)(ZSTD_CCtx *ctx);
	size_t (*set)(ZSTD_CCtx *ctx, ZSTD_cParameter param, int value);
	size_t (*compress)(ZSTD_CCtx *ctx, void *out, size_t size, const void *in, size_t len);
	size_t (*bound)(size_t len);
	unsigned (*is_error)(size_t code);
} zstd;

static const struct late_symbol zstd_symbols[] = {
	{ "ZSTD_createCCtx", &zstd.create },     { "ZSTD_freeCCtx", &zstd.free },
	{ "ZSTD_CCtx_setParameter", &zstd.set }, { "ZSTD_compress2", &zstd.compress },
	{ "ZSTD_compressBound", &zstd.bound },   { "ZSTD_isError", &zstd.is_error },
};

static int zstd_load(void)
{
	return late_load("libzstd.so.1", zstd_symbols, ARRAY_SIZE(zstd_symbols));
}

static void *zstd_open(int level)
{
	ZSTD_CCtx *ctx = zstd.create();

	if (ctx == NULL)
		out_of_memory();
	zstd.set(ctx, ZSTD_c_compressionLevel, level);
	zstd.set(ctx, ZSTD_c_checksumFlag, 1);
	return ctx;
}

/* One frame: the input from `from` to `to`. */
static int zstd_frame(void *state, struct block *block, size_t from, size_t to)
{
	const size_t n = zstd.compress(state, block->out + block->out_len, zstd.bound(to - from),
				       block->in + from, to - from);

	if (zstd.is_error(n))
		return -EIO;
	block->out_len += n;
	return 0;
}

/* A frame for each part between cuts that has any bytes, and one for a block that has none. */
static int zstd_pack(void *state, struct block *block)
{
	size_t from = 0;
	int rc = 0;

	block->out_len = 0;
	for (size_t i = 0; i < block->n_cuts && rc == 0; i++) {
		if (block->cuts[i].in != from)
			rc = zstd_frame(state, block, from, block->cuts[i].in);
		from = block->cuts[i].in;
		block->cuts[i].out = block->out_len;
	}
	if (rc == 0 && (from != block->in_len || (block->n_cuts == 0 && block->in_len == 0)))
		rc = zstd_frame(state, block, from, block->in_len);
	return rc;
}

static void zstd_close(void *state)
{
	zstd.free(state);
}

/* Each cut makes one frame more, and none has more than 64 bytes that depend on their number
 * (zstd.h, ZSTD_COMPRESSBOUND). */
static size_t zstd_room(size_t len)
{
	return zstd.bound(len) + CUTS_MAX * (size_t)64;
}

static size_t zstd_head(unsigned char *edge)
{
	(void)edge;
	return 0;
}

static size_t zstd_tail(uint32_t crc, uint64_t len, unsigned char *edge)
{
	(void)crc;
	(void)len;
	(void)edge;
	return 0;
}

/* --------------------------------------------------------------------------------------------- */

const struct packer packers[PACKERS] = {
	{ COMPRESSION_GZIP, 1, 6, GZIP_BLOCK, isal_load, isal_open, isal_close, gzip_room,
	  isal_pack, gzip_head, gzip_tail },
	{ COMPRESSION_GZIP, 1, 9, GZIP_BLOCK, zlib_load, zlib_open, zlib_close, gzip_room,
	  zlib_pack, gzip_head, gzip_tail },
	{ COMPRESSION_ZSTD, 1, 19, ZSTD_BLOCK, zstd_load, zstd_open, zstd_close, zstd_room,
	  zstd_pack, zstd_head, zstd_tail },
};

int packer_find(enum compression format, int level, const struct packer **ret_packer)
{
	int rc = -EINVAL;

	for (size_t i = 0; i < PACKERS; i++) {
		if (packers[i].format != format || level > packers[i].last)
			continue;
		rc = packers[i].load();
		if (rc < 0)
			continue;
		err_clear();
		*ret_packer = &packers[i];
		return 0;
	}
	return rc;
}

int packer_default_level(enum compression format)
{
	return format == COMPRESSION_GZIP ? 2 : 3;
}
