/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/compress.h"

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/late.h"

/*
 * Theory of operation
 *
 *	caller, in compress_read()		workers
 *
 *	source -> block 0
 *		  block 1 ...  --------------->	block i: compressed, its check sum
 *	<- head, block 0, block 1, ... tail
 *
 * Blocks lie in a ring and have numbers; the caller fills every free one before it waits for the
 * oldest. The source is called by the caller's thread alone.
 *
 * gzip: one member. Each block is compressed without knowing the ones before and ends with a full
 * flush, that is at the bound of a byte, so that blocks can stand behind each other; the check sums
 * are combined. An empty last block ends the member. zstd: each block is a frame.
 */

#define THREADS_MAX 16
#define THREAD_STACK (512UL << 10)
#define GZIP_BLOCK (512UL << 10)
#define ZSTD_BLOCK (2UL << 20)
#define EDGE_MAX 16 /* bytes before the first block, or behind the last */

struct block {
	unsigned char *in, *out;
	size_t in_len, out_len;
	uint32_t crc; /* of the input */
	bool packed;
	int rc;
};

struct packer {
	enum compression format;
	int first, last; /* levels */
	size_t block;    /* bytes of input */
	int (*load)(void);
	/* State of a worker. */
	void *(*open)(int level);
	void (*close)(void *state);
	size_t (*bound)(size_t len);
	/* All of the block's input to its output, which has room for bound(); sets out_len and crc.
	 * 0, or -EIO with nothing recorded. */
	int (*pack)(void *state, struct block *block);
	size_t (*head)(unsigned char *edge);
	size_t (*tail)(const struct compress *compress, unsigned char *edge);
};

struct compress {
	const struct packer *packer;
	int level;
	stream_source source;
	void *arg;
	bool source_ended;
	uint64_t taken;
	/* What is given out next: the rest of an edge, then of the block number `given`. */
	unsigned char edge[EDGE_MAX];
	size_t edge_at, edge_len;
	size_t block_at;
	uint32_t crc;
	bool ended;

	pthread_mutex_t mutex;
	pthread_cond_t work, done;
	bool stopped;
	struct block *v;
	size_t n;
	uint64_t filled, started, given; /* blocks; number i is v[i % n] */
	pthread_t threads[THREADS_MAX];
	size_t n_threads, threads_max;
};

/* --- gzip ------------------------------------------------------------------------------------ */

/* A code of dynamic Huffman blocks has 15 bits at the most. */
static size_t gzip_bound(size_t len)
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
static size_t gzip_tail(const struct compress *compress, unsigned char *edge)
{
	edge[0] = 3;
	edge[1] = 0;
	put_u32(edge + 2, compress->crc);
	put_u32(edge + 6, (uint32_t)compress->taken);
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
	const size_t room = gzip_bound(block->in_len);

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
	const size_t room = gzip_bound(block->in_len);
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

static int zstd_pack(void *state, struct block *block)
{
	block->out_len = zstd.compress(state, block->out, zstd.bound(block->in_len), block->in,
				       block->in_len);
	return zstd.is_error(block->out_len) ? -EIO : 0;
}

static void zstd_close(void *state)
{
	zstd.free(state);
}

static size_t zstd_bound(size_t len)
{
	return zstd.bound(len);
}

static size_t zstd_head(unsigned char *edge)
{
	(void)edge;
	return 0;
}

static size_t zstd_tail(const struct compress *compress, unsigned char *edge)
{
	(void)compress;
	(void)edge;
	return 0;
}

/* --------------------------------------------------------------------------------------------- */

/* The first row that has the format and the level and can be loaded serves it. */
static const struct packer packers[] = {
	{ COMPRESSION_GZIP, 1, 6, GZIP_BLOCK, isal_load, isal_open, isal_close, gzip_bound,
	  isal_pack, gzip_head, gzip_tail },
	{ COMPRESSION_GZIP, 1, 9, GZIP_BLOCK, zlib_load, zlib_open, zlib_close, gzip_bound,
	  zlib_pack, gzip_head, gzip_tail },
	{ COMPRESSION_ZSTD, 1, 19, ZSTD_BLOCK, zstd_load, zstd_open, zstd_close, zstd_bound,
	  zstd_pack, zstd_head, zstd_tail },
};

/* What level 0 stands for. */
static int default_level(enum compression format)
{
	return format == COMPRESSION_GZIP ? 2 : 3;
}

int compress_check_level(enum compression format, int level)
{
	int last = 0;

	for (size_t i = 0; i < ARRAY_SIZE(packers); i++)
		if (packers[i].format == format && packers[i].last > last)
			last = packers[i].last;
	if (last == 0)
		return refuse("there is no level of %s", compression_name(format));
	if (level < 0 || level > last)
		return refuse("%d is not a level of %s: 1 to %d", level, compression_name(format),
			      last);
	return 0;
}

static int find_packer(enum compression format, int level, const struct packer **ret_packer)
{
	int rc = -EINVAL;

	for (size_t i = 0; i < ARRAY_SIZE(packers); i++) {
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

static size_t count_processors(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;

	return n > THREADS_MAX ? THREADS_MAX : n > 0 ? (size_t)n : 1;
}

int compress_open(enum compression format, int level, stream_source source, void *arg,
		  struct compress **ret_compress)
{
	const struct packer *packer = NULL;
	struct compress *compress;

	TRY(compress_check_level(format, level));
	level = level != 0 ? level : default_level(format);
	TRY(find_packer(format, level, &packer));
	compress = xcalloc(1, sizeof(*compress));
	compress->packer = packer;
	compress->level = level;
	compress->source = source;
	compress->arg = arg;
	compress->threads_max = count_processors();
	/* One more that is being filled, one more that is being given out. */
	compress->n = compress->threads_max + 2;
	compress->v = xcalloc(compress->n, sizeof(*compress->v));
	pthread_mutex_init(&compress->mutex, NULL);
	pthread_cond_init(&compress->work, NULL);
	pthread_cond_init(&compress->done, NULL);
	compress->edge_len = packer->head(compress->edge);
	*ret_compress = compress;
	return 0;
}

/* The next block to compress; NULL: no more. */
static struct block *take_block(struct compress *compress)
{
	struct block *block = NULL;

	pthread_mutex_lock(&compress->mutex);
	while (!compress->stopped && compress->started == compress->filled)
		pthread_cond_wait(&compress->work, &compress->mutex);
	if (!compress->stopped)
		block = &compress->v[compress->started++ % compress->n];
	pthread_mutex_unlock(&compress->mutex);
	return block;
}

static void *run_worker(void *arg)
{
	struct compress *compress = arg;
	void *state = compress->packer->open(compress->level);
	struct block *block;

	while ((block = take_block(compress)) != NULL) {
		block->rc = compress->packer->pack(state, block);
		pthread_mutex_lock(&compress->mutex);
		block->packed = true;
		pthread_cond_signal(&compress->done);
		pthread_mutex_unlock(&compress->mutex);
	}
	compress->packer->close(state);
	return NULL;
}

/* Signals are the caller's. */
static int start_worker(struct compress *compress)
{
	sigset_t all, before;
	pthread_attr_t attr;
	int err;

	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, THREAD_STACK);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&compress->threads[compress->n_threads], &attr, run_worker, compress);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	if (err == 0)
		compress->n_threads++;
	/* With fewer it takes longer. */
	return err == 0 || compress->n_threads > 0 ? 0 : fail_with(err, "cannot start a thread");
}

static int fill_block(struct compress *compress, struct block *block)
{
	const size_t size = compress->packer->block;

	if (block->in == NULL) {
		block->in = xalloc(size);
		block->out = xalloc(compress->packer->bound(size));
	}
	block->in_len = 0;
	block->packed = false;
	while (block->in_len < size && !compress->source_ended) {
		ssize_t n = compress->source(compress->arg, block->in + block->in_len,
					     size - block->in_len);

		TRY(n);
		block->in_len += (size_t)n;
		compress->taken += (uint64_t)n;
		compress->source_ended = n == 0;
	}
	return 0;
}

/* Fill the blocks that are free. There is at least one, even if it is empty. */
static int fill(struct compress *compress)
{
	while (!compress->source_ended && compress->filled - compress->given < compress->n) {
		struct block *block = &compress->v[compress->filled % compress->n];

		TRY(fill_block(compress, block));
		if (block->in_len == 0 && compress->filled != 0)
			break;
		pthread_mutex_lock(&compress->mutex);
		compress->filled++;
		pthread_cond_signal(&compress->work);
		pthread_mutex_unlock(&compress->mutex);
		if (compress->n_threads < compress->threads_max &&
		    compress->n_threads < compress->filled - compress->given)
			TRY(start_worker(compress));
	}
	return 0;
}

/* Wait for the block whose turn it is. */
static int await(struct compress *compress, struct block *block)
{
	pthread_mutex_lock(&compress->mutex);
	while (!block->packed)
		pthread_cond_wait(&compress->done, &compress->mutex);
	pthread_mutex_unlock(&compress->mutex);
	return block->rc < 0 ? refuse_with(EIO, "cannot compress a block with %s",
					   compression_name(compress->packer->format))
			     : 0;
}

static size_t copy_out(void *bytes, size_t size, const unsigned char *from, size_t len)
{
	size_t n = len < size ? len : size;

	memcpy(bytes, from, n);
	return n;
}

static void finish_block(struct compress *compress, const struct block *block)
{
	compress->crc = (uint32_t)crc32_combine(compress->crc, block->crc, (z_off_t)block->in_len);
	compress->block_at = 0;
	compress->given++;
}

ssize_t compress_read(void *arg, void *bytes, size_t size)
{
	struct compress *compress = arg;

	for (;;) {
		struct block *block = &compress->v[compress->given % compress->n];
		size_t n;

		if (compress->edge_at < compress->edge_len) {
			n = copy_out(bytes, size, compress->edge + compress->edge_at,
				     compress->edge_len - compress->edge_at);
			compress->edge_at += n;
			return (ssize_t)n;
		}
		if (compress->ended)
			return 0;
		TRY(fill(compress));
		if (compress->given == compress->filled) {
			compress->ended = true;
			compress->edge_at = 0;
			compress->edge_len = compress->packer->tail(compress, compress->edge);
			continue;
		}
		TRY(await(compress, block));
		n = copy_out(bytes, size, block->out + compress->block_at,
			     block->out_len - compress->block_at);
		compress->block_at += n;
		if (compress->block_at == block->out_len)
			finish_block(compress, block);
		if (n != 0)
			return (ssize_t)n;
	}
}

uint64_t compress_taken(const struct compress *compress)
{
	return compress->taken;
}

void compress_free(struct compress *compress)
{
	if (compress == NULL)
		return;
	pthread_mutex_lock(&compress->mutex);
	compress->stopped = true;
	pthread_cond_broadcast(&compress->work);
	pthread_mutex_unlock(&compress->mutex);
	for (size_t i = 0; i < compress->n_threads; i++)
		pthread_join(compress->threads[i], NULL);
	for (size_t i = 0; i < compress->n; i++) {
		free(compress->v[i].in);
		free(compress->v[i].out);
	}
	free(compress->v);
	pthread_cond_destroy(&compress->done);
	pthread_cond_destroy(&compress->work);
	pthread_mutex_destroy(&compress->mutex);
	free(compress);
}
