/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_LAYER_H
#define BERTH_IMAGE_LAYER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/digest.h"
#include "base/stream.h"
#include "image/store.h"

/*
 * Layers: from the bytes of one layer, compressed or not, to layers/HEX/ of the store, where HEX is
 * its diff ID (the digest of the tar archive).
 *
 * An unpacked layer depends on nothing but its archive, so that images share it: whiteouts become
 * what overlayfs takes for them (character device 0/0; user.overlay.opaque=y, the overlay is always
 * mounted with `userxattr`), nothing of lower layers is looked at, and a hard link to a file of a
 * lower layer is refused. The owners are those of the archive, mapped by store->maps; in
 * TIER_SINGLE, where they cannot be set, files and directories that are not 0:0 carry the xattr
 * user.berth.owner = "UID:GID". Device nodes are not made (a container has its own /dev), only
 * counted.
 *
 * The archive is decompressed and parsed by a child that can reach nothing but the directory that
 * the layer is unpacked into; this process only moves and hashes the bytes.
 */

#define LAYER_SIZE_UNKNOWN UINT64_MAX

struct layer_source {
	const char *name; /* for messages: "layer 2 of 'x.tar'" */
	/* The bytes: read(fd) from where it stands, or read(arg, ...) if that is not NULL (it may
	 * be a stream_read() behind another name). They are read up to the end and never beyond
	 * `size`. */
	int fd;
	stream_source read;
	void *arg;
	uint64_t size; /* exactly so many bytes come; LAYER_SIZE_UNKNOWN: as many as come */
	/* A file that the bytes are written to as they came, -1: none. It is the caller's: it is to
	 * be published as a blob when layer_unpack() has returned 0, and not before. */
	int blob_fd;
	const char *blob_digest; /* that the bytes as they came must have; NULL: any */
	const char *diff_id;     /* that the archive must have; NULL: any */
	/* Do not wait until the layer is on the disk: somebody else calls syncfs(2) before it
	 * counts as loaded. */
	bool no_sync;
};

#define LAYER_SOURCE_INIT \
	{ \
		.fd = -1, .size = LAYER_SIZE_UNKNOWN, .blob_fd = -1 \
	}

struct layer_result {
	char blob_digest[DIGEST_TEXT_SIZE]; /* of the bytes as they came */
	uint64_t blob_size;
	char diff_id[DIGEST_TEXT_SIZE];
	enum compression compression;
	bool was_present; /* nothing was unpacked; the fields below are 0 */
	uint64_t size;    /* of the archive */
	uint64_t entries;
	uint64_t devices; /* device nodes that were not made */
	uint64_t xattrs;  /* extended attributes that were left out */
};

/*
 * Receive a layer, check it and unpack it. Digests and sizes that were given are compared before
 * anything appears under a final name. A layer that is there already (its diff ID was given, or
 * turned out so) is not unpacked again; its bytes still go to blob_fd and are checked against
 * blob_digest and size. Processes that want the same layer at once wait for each other where
 * diff_id is given; one unpacks it. On an error nothing is left behind.
 */
int layer_unpack(struct store *store, const struct layer_source *source,
		 struct layer_result *ret_result);

/* Is the layer there, complete? 1 yes, 0 no, negative on error. */
int layer_exists(const struct store *store, const char *diff_id);
/* Remove it: it is gone at once and as a whole; what it occupies is freed before this returns. That
 * nothing uses it is for the caller to know. No such layer is fine. */
int layer_remove(struct store *store, const char *diff_id);
/* Remove a tree whose files may have any owner of store->maps (leftovers of unpacking below tmp/);
 * path is relative to the store. What is not there is fine. */
int layer_discard(struct store *store, const char *path);

#endif
