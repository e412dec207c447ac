/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_FETCH_H
#define BERTH_IMAGE_FETCH_H

#include "image/manifest.h"
#include "image/progress.h"
#include "image/registry.h"
#include "image/store.h"

/*
 * A blob on its way from a registry into the store.
 *
 *	partial/HEX	what has come so far, in order; appended to by who holds
 *	lock/blob-HEX	exclusively; removed with the other locks of the store
 *
 * Who needs a blob takes its lock first: another command that fetches it is waited for, and what it
 * has got, even if it was killed, is taken over: only the rest is asked for, with Range. The digest
 * is computed over all bytes, those from the disk as well; where it is wrong the partial file goes.
 */
struct fetch {
	struct store *store;
	struct registry *registry;
	const struct descriptor *descriptor; /* borrowed */
	struct progress_item *item;          /* NULL: nobody looks */
	int lock, fd;                        /* of the partial file, open for reading and writing */
	uint64_t at;                         /* bytes that the reader has got */
	uint64_t have;                       /* bytes in the file */
	uint64_t broke_at;                   /* bytes in the file when a body broke off last */
	struct retry retry;
	struct http http;
	bool receiving;
	bool resumed; /* some of it was on the disk already, from whoever it may be */
	bool there;   /* the blob is in the store already: it is read from there */
};

#define FETCH_INIT \
	{ \
		.lock = -1, .fd = -1, .http = HTTP_INIT \
	}

/* All of it in one: take the lock, let `body` read everything and publish it, and try once more
 * where what was on the disk turns out to be wrong (-EBADMSG). */
struct fetch_plan {
	struct store *store;
	struct registry *registry;
	const struct descriptor *descriptor;
	struct progress_item *item;                  /* NULL */
	int (*body)(struct fetch *fetch, void *arg); /* 1: the blob is not needed */
	void *arg;
};

int fetch_run(const struct fetch_plan *plan);

/* Take the lock, waiting for whoever has it, and see what is there. */
int fetch_open(struct store *store, struct registry *registry, const struct descriptor *descriptor,
	       struct progress_item *item, struct fetch *ret_fetch);
/* A stream_source: all bytes of the blob, first those on the disk. Exactly descriptor->size of
 * them, or an error. */
ssize_t fetch_read(void *arg, void *bytes, size_t size);
/* They were all read and have the right digest: the file becomes a blob of the store. */
int fetch_publish(struct fetch *fetch);
/* They have not: nobody should go on from them. */
void fetch_discard(struct fetch *fetch);
void fetch_release(struct fetch *fetch);

/* Fetch a small blob whole, check it, keep it as a blob of the store, and append its text. */
int fetch_document(struct store *store, struct registry *registry,
		   const struct descriptor *descriptor, size_t max, struct buf *out);

/* The blob is not needed: what somebody who died has got of it goes. The caller holds the store. */
void fetch_forget(const struct store *store, const struct descriptor *descriptor);
/* Remove partial files that nobody is at and that are older than `age` seconds. */
int fetch_sweep(struct store *store, int64_t age);

#endif
