/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/unpack.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/bounds.h"
#include "base/stream.h"
#include "image/apply.h"
#include "image/ring.h"
#include "image/sink.h"
#include "image/tar.h"

#define STACK_SIZE (512UL << 10) /* of a worker */

enum reader {
	READER_TAR,
	READER_DIGEST,
};

struct pipeline {
	const struct unpack *unpack;
	struct ring ring;
	pthread_t inflater, hasher;
	bool has_inflater, has_hasher;
	uint64_t size;
	char diff_id[DIGEST_TEXT_SIZE];
};

static int enter(const struct pipeline *pipeline)
{
	return pipeline->unpack->enter != NULL ? pipeline->unpack->enter() : 0;
}

/* Fill the ring. The digest and the archive need the bytes up to the end, whatever the archive says
 * about its own end. */
static int inflate_all(struct pipeline *pipeline)
{
	AUTO(stream) stream = STREAM_INIT;
	ssize_t n;

	TRY(enter(pipeline));
	TRY(stream_open_fd(&stream, &pipeline->unpack->in));
	stream.limit = MAX_UNPACKED;
	do {
		unsigned char *bytes = ring_reserve(&pipeline->ring);

		if (bytes == NULL)
			return 0;
		n = stream_read(&stream, bytes, RING_SIZE);
		TRY(n);
		if (n != 0)
			ring_commit(&pipeline->ring, (size_t)n);
	} while (n == (ssize_t)RING_SIZE);
	pipeline->size = stream.produced;
	return 0;
}

static void *run_inflater(void *arg)
{
	struct pipeline *pipeline = arg;

	ring_close(&pipeline->ring, inflate_all(pipeline));
	return NULL;
}

static int hash_all(struct pipeline *pipeline)
{
	AUTO(digest) digest = { 0 };
	const unsigned char *bytes;
	ssize_t n;

	TRY(digest_init(&digest));
	TRY(enter(pipeline));
	while ((n = ring_next(&pipeline->ring, READER_DIGEST, &bytes)) > 0)
		digest_update(&digest, bytes, (size_t)n);
	TRY(n);
	digest_final(&digest, pipeline->diff_id);
	return 0;
}

static void *run_hasher(void *arg)
{
	struct pipeline *pipeline = arg;

	int rc = hash_all(pipeline);

	if (rc < 0)
		ring_stop(&pipeline->ring, rc);
	return NULL;
}

static int start(pthread_t *thread, bool *started, void *(*run)(void *), void *arg)
{
	pthread_attr_t attr;
	int err;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	err = pthread_create(thread, &attr, run, arg);
	pthread_attr_destroy(&attr);
	if (err != 0)
		return fail_with(err, "cannot start a thread");
	*started = true;
	return 0;
}

static ssize_t next_piece(void *arg, const unsigned char **ret_bytes)
{
	struct pipeline *pipeline = arg;

	return ring_next(&pipeline->ring, READER_TAR, ret_bytes);
}

static int apply_all(struct pipeline *pipeline, struct unpack_report *report)
{
	const struct unpack *unpack = pipeline->unpack;
	AUTO(apply) apply = { 0 };
	AUTO(tar) tar;
	int rc;

	tar_init(&tar, next_piece, pipeline);
	apply.maps = unpack->tier == TIER_RANGE ? unpack->maps : NULL;
	TRY(sink_directory_make(unpack->root, unpack->tier == TIER_SINGLE, MAX_UNPACKED,
				&apply.sink));
	rc = apply_archive(&apply, &tar);
	report->entries = apply.entries;
	report->devices = apply.devices;
	report->xattrs = apply.xattrs + apply.sink->xattrs_left_out;
	report->ended = tar.ended;
	apply.sink->ops->release(apply.sink);
	return rc;
}

static int run_pipeline(struct pipeline *pipeline, struct unpack_report *report)
{
	TRY(start(&pipeline->inflater, &pipeline->has_inflater, run_inflater, pipeline));
	if (pipeline->unpack->hash)
		TRY(start(&pipeline->hasher, &pipeline->has_hasher, run_hasher, pipeline));
	TRY(enter(pipeline));
	return apply_all(pipeline, report);
}

void unpack_run(const struct unpack *unpack, struct unpack_report *ret_report)
{
	struct pipeline pipeline = { .unpack = unpack };
	struct unpack_report *report = ret_report;
	mode_t mask = umask(0);

	*report = (struct unpack_report){ 0 };
	ring_init(&pipeline.ring, unpack->hash ? 2 : 1);
	report->rc = run_pipeline(&pipeline, report);
	if (report->rc < 0) {
		snprintf(report->text, sizeof(report->text), "%s", err_text());
		snprintf(report->hint, sizeof(report->hint), "%s", err_hint());
		ring_stop(&pipeline.ring, report->rc);
	}
	if (pipeline.has_inflater)
		pthread_join(pipeline.inflater, NULL);
	if (pipeline.has_hasher)
		pthread_join(pipeline.hasher, NULL);
	report->size = pipeline.size;
	memcpy(report->diff_id, pipeline.diff_id, sizeof(report->diff_id));
	ring_release(&pipeline.ring);
	umask(mask);
}
