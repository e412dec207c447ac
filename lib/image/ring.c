/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/ring.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"

void ring_init(struct ring *ring, size_t n_readers)
{
	*ring = (struct ring){ .n_readers = n_readers };
	pthread_mutex_init(&ring->mutex, NULL);
	pthread_cond_init(&ring->changed, NULL);
	ring->memory = xalloc(RING_SIZE * RING_BUFFERS);
}

void ring_release(struct ring *ring)
{
	pthread_cond_destroy(&ring->changed);
	pthread_mutex_destroy(&ring->mutex);
	free(ring->memory);
	ring->memory = NULL;
}

static unsigned char *buffer(const struct ring *ring, uint64_t number)
{
	return ring->memory + (size_t)(number % RING_BUFFERS) * RING_SIZE;
}

static bool is_full(const struct ring *ring)
{
	for (size_t i = 0; i < ring->n_readers; i++)
		if (ring->written - ring->done[i] == RING_BUFFERS)
			return true;
	return false;
}

unsigned char *ring_reserve(struct ring *ring)
{
	unsigned char *bytes;

	pthread_mutex_lock(&ring->mutex);
	while (is_full(ring) && !ring->stopped)
		pthread_cond_wait(&ring->changed, &ring->mutex);
	bytes = ring->stopped ? NULL : buffer(ring, ring->written);
	pthread_mutex_unlock(&ring->mutex);
	return bytes;
}

void ring_commit(struct ring *ring, size_t len)
{
	pthread_mutex_lock(&ring->mutex);
	ring->len[ring->written % RING_BUFFERS] = len;
	ring->written++;
	pthread_cond_broadcast(&ring->changed);
	pthread_mutex_unlock(&ring->mutex);
}

/* The first error counts; others follow from it. */
static void keep_error(struct ring *ring, int rc)
{
	if (rc >= 0 || ring->rc < 0)
		return;
	ring->rc = rc;
	snprintf(ring->text, sizeof(ring->text), "%s", err_text());
	snprintf(ring->hint, sizeof(ring->hint), "%s", err_hint());
}

void ring_close(struct ring *ring, int rc)
{
	pthread_mutex_lock(&ring->mutex);
	ring->closed = true;
	keep_error(ring, rc);
	pthread_cond_broadcast(&ring->changed);
	pthread_mutex_unlock(&ring->mutex);
}

ssize_t ring_next(struct ring *ring, size_t reader, const unsigned char **ret_bytes)
{
	ssize_t rc = 0;

	pthread_mutex_lock(&ring->mutex);
	if (ring->holding[reader]) {
		ring->done[reader]++;
		ring->holding[reader] = false;
		pthread_cond_broadcast(&ring->changed);
	}
	while (ring->done[reader] == ring->written && !ring->closed && !ring->stopped)
		pthread_cond_wait(&ring->changed, &ring->mutex);
	if (ring->done[reader] < ring->written && !ring->stopped) {
		ring->holding[reader] = true;
		*ret_bytes = buffer(ring, ring->done[reader]);
		rc = (ssize_t)ring->len[ring->done[reader] % RING_BUFFERS];
	} else if (ring->rc < 0) {
		err_set(ring->text, ring->hint);
		rc = ring->rc;
	}
	pthread_mutex_unlock(&ring->mutex);
	return rc;
}

void ring_stop(struct ring *ring, int rc)
{
	pthread_mutex_lock(&ring->mutex);
	ring->stopped = true;
	keep_error(ring, rc);
	pthread_cond_broadcast(&ring->changed);
	pthread_mutex_unlock(&ring->mutex);
}
