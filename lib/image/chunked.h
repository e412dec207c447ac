/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_CHUNKED_H
#define BERTH_IMAGE_CHUNKED_H

#include "base/compress.h"
#include "base/digest.h"
#include "base/frames.h"
#include "image/inflate.h"

/*
 * A layer in the format that containers/storage (podman, buildah, skopeo) calls zstd:chunked, so
 * that who pulls it may fetch only those files that he has not. It is a layer of zstd for everybody
 * else:
 *
 *	frames		the archive, byte for byte; the content of each file, and each chunk of
 *			it, is in frames of its own
 *	skippable frame	the table of contents, compressed: {"version":1,"entries":[...],
 *			"tarSplitDigest":"..."}, with the digest of what is in the next frame
 *	skippable frame	the archive without the contents of the files, compressed (tar-split):
 *			with it the archive can be made again of the files
 *	skippable frame	where both are, for who has only the blob: offset, length and length
 *			decompressed of the table, the type 1, the same three of tar-split
 *			without a type, and "GNUlInUx"; numbers have 64 bits, little-endian
 *
 * All but the type and the magic is said in three annotations of the layer's descriptor as well:
 * io.github.containers.zstd-chunked.manifest-checksum (the digest of the compressed table),
 * .manifest-position and .tarsplit-position. The digest of the manifest vouches for them, and they
 * for the table and for tar-split; without the latter readers do not fetch by the table, as they
 * cannot tell that it leads to the files of the archive. Old readers (podman 4.3) look for names
 * that begin with io.containers.zstd-chunked, which are not written: to them the layer is one of
 * zstd.
 *
 * Both texts are made in the cell that reads the archive (image/dissect.h); here offsets are put
 * into the table, and nothing is parsed. A layer that is unfit for a table (image/toc.h), or whose
 * table is too large, has nothing but the frames.
 */
struct chunked_place {
	uint64_t offset, len, full_len; /* full_len: decompressed */
};

struct chunked_toc {
	char digest[DIGEST_TEXT_SIZE]; /* of the compressed table; "": there is none */
	struct chunked_place table, split;
};

struct chunked {
	struct compress *compress; /* borrowed */
	int level;
	bool unfit;
	uint64_t cuts;
	struct buf table;
	struct frames split;
	struct {
		uint64_t *v;
		size_t n;
	} ends;          /* of the frames that were cut */
	uint64_t size;   /* of the frames */
	struct buf tail; /* what follows them */
	size_t tail_at;
	bool has_tail;
	struct chunked_toc toc; /* when all was read */
};

#define CHUNKED_INIT \
	{ \
		.table = BUF_INIT, .split = FRAMES_INIT, .tail = BUF_INIT \
	}

/* How the archive is to be read (inflate_open()); compress then takes its input from there. */
void chunked_reading(struct chunked *chunked, struct inflate_reading *ret_reading);
/* chunked: as CHUNKED_INIT makes it; it may not be moved any more. */
int chunked_open(struct compress *compress, int level, struct chunked *chunked);
/* The blob, as compress_read(). */
ssize_t chunked_read(struct chunked *chunked, void *bytes, size_t size);
void chunked_release(struct chunked *chunked);

/* As text, and back: for annotations, and to note it. */
void chunked_print_place(struct buf *out, const struct chunked_place *place);
int chunked_parse_place(const char *text, struct chunked_place *ret_place);

#endif
