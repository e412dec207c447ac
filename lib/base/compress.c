/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/compress.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/packer.h"

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
 * are combined. An empty last block ends the member. zstd: each block is a frame, or several where
 * the source cuts it.
 */

#define THREADS_MAX 16
#define THREAD_STACK (512UL << 10)

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
	/* Who is told where frames end. */
	void (*frame_ended)(void *arg, uint64_t offset);
	void *watcher;
	uint64_t given_bytes; /* of the blocks that are given out wholly */

	pthread_mutex_t mutex;
	pthread_cond_t work, done;
	bool stopped;
	struct block *v;
	size_t n;
	uint64_t filled, started, given; /* blocks; number i is v[i % n] */
	pthread_t threads[THREADS_MAX];
	size_t n_threads, threads_max;
};

int compress_check_level(enum compression format, int level)
{
	int last = 0;

	for (size_t i = 0; i < PACKERS; i++)
		if (packers[i].format == format && packers[i].last > last)
			last = packers[i].last;
	if (last == 0)
		return refuse("there is no level of %s", compression_name(format));
	if (level < 0 || level > last)
		return refuse("%d is not a level of %s: 1 to %d", level, compression_name(format),
			      last);
	return 0;
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
	level = level != 0 ? level : packer_default_level(format);
	TRY(packer_find(format, level, &packer));
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
		block->out = xalloc(compress->packer->room(size));
	}
	block->in_len = 0;
	block->n_cuts = 0;
	block->packed = false;
	while (block->in_len < size && block->n_cuts < CUTS_MAX && !compress->source_ended) {
		ssize_t n = compress->source(compress->arg, block->in + block->in_len,
					     size - block->in_len);

		TRY(n);
		block->in_len += (size_t)n;
		compress->taken += (uint64_t)n;
		compress->source_ended = n == 0;
	}
	return 0;
}

int compress_cut(struct compress *compress)
{
	struct block *block = &compress->v[compress->filled % compress->n];

	if (block->n_cuts == CUTS_MAX)
		return refuse_with(EPROTO, "there are too many cuts at one place");
	if (block->cuts == NULL)
		block->cuts = xcalloc(CUTS_MAX, sizeof(*block->cuts));
	block->cuts[block->n_cuts++] = (struct block_cut){ .in = block->in_len };
	return 0;
}

void compress_watch(struct compress *compress, void (*frame_ended)(void *arg, uint64_t offset),
		    void *arg)
{
	compress->frame_ended = frame_ended;
	compress->watcher = arg;
}

/* Fill the blocks that are free. There is at least one, even if it is empty. */
static int fill(struct compress *compress)
{
	while (!compress->source_ended && compress->filled - compress->given < compress->n) {
		struct block *block = &compress->v[compress->filled % compress->n];

		TRY(fill_block(compress, block));
		if (block->in_len == 0 && block->n_cuts == 0 && compress->filled != 0)
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
	for (size_t i = 0; i < block->n_cuts && compress->frame_ended != NULL; i++)
		compress->frame_ended(compress->watcher,
				      compress->given_bytes + block->cuts[i].out);
	compress->given_bytes += block->out_len;
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
			compress->edge_len = compress->packer->tail(compress->crc, compress->taken,
								    compress->edge);
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
		free(compress->v[i].cuts);
	}
	free(compress->v);
	pthread_cond_destroy(&compress->done);
	pthread_cond_destroy(&compress->work);
	pthread_mutex_destroy(&compress->mutex);
	free(compress);
}
