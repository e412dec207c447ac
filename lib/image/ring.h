/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_RING_H
#define BERTH_IMAGE_RING_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/*
 * One thread fills buffers, others read them: each reader gets every buffer, in order and in place.
 * The writer waits for the slowest reader, readers wait for the writer.
 */
#define RING_SIZE (512UL << 10) /* of a buffer */
#define RING_BUFFERS 6
#define RING_READERS 2 /* at most */

struct ring {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	unsigned char *memory;
	size_t len[RING_BUFFERS];
	size_t n_readers;
	uint64_t written;            /* buffers that were filled */
	uint64_t done[RING_READERS]; /* buffers that a reader is through with */
	bool holding[RING_READERS];  /* the reader has the buffer number `done` */
	bool closed;                 /* nothing more is written */
	bool stopped;                /* a reader gave up: nobody waits any more */
	int rc;                      /* negative: the writer or a reader failed, with these texts */
	char text[ERR_TEXT_MAX];
	char hint[ERR_HINT_MAX];
};

void ring_init(struct ring *ring, size_t n_readers);
void ring_release(struct ring *ring);
/* The next buffer to fill, of RING_SIZE bytes; NULL where the readers have stopped. */
unsigned char *ring_reserve(struct ring *ring);
/* It holds len bytes. */
void ring_commit(struct ring *ring, size_t len);
/* After the last one; rc negative: the writer failed as the error slot of this thread says. */
void ring_close(struct ring *ring, int rc);
/* The next buffer for reader number `reader`, who is through with the one before: its length; 0 at
 * the end; negative where the writer or the other reader failed (its error is recorded in this
 * thread too). */
ssize_t ring_next(struct ring *ring, size_t reader, const unsigned char **ret_bytes);
/* Give up, with the error rc that the slot of this thread has: the writer and the other readers
 * return. */
void ring_stop(struct ring *ring, int rc);

#endif
