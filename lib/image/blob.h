/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_BLOB_H
#define BERTH_IMAGE_BLOB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "image/store.h"

/*
 * Blobs of the store: blobs/sha256/HEX, whole and immutable. A blob is written elsewhere on the
 * same file system, below tmp/ or partial/, and renamed when it is complete, checked and on the
 * disk. Digests given here are valid ones (digest_is_valid()).
 */
#define BLOB_DIRECTORY "blobs/sha256"
#define BLOB_ANY_SIZE UINT64_MAX

/* Relative to the store. To be freed. */
char *blob_path(const char *digest);
/* Is it there with the size it must have? */
bool blob_exists(const struct store *store, const char *digest, uint64_t size);
/* Open it for reading. */
int blob_open(const struct store *store, const char *digest);
/* Read it whole, at most max bytes, appended to out; its digest is checked. */
int blob_read(const struct store *store, const char *digest, size_t max, struct buf *out);
/* Give a file, complete and checked, its name among the blobs: fd is the file, `name` below dirfd
 * its place so far. */
int blob_publish(const struct store *store, int dirfd, const char *name, int fd,
		 const char *digest);
/* Keep bytes whose digest that is; `name` is free below tmp. One that is there is not written. */
int blob_write(const struct store_tmp *tmp, const char *name, const struct buf *bytes,
	       const char *digest);
/* The names of all that was published are on the disk: before anything refers to them. */
int blob_sync_names(const struct store *store);

#endif
