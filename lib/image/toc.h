/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_TOC_H
#define BERTH_IMAGE_TOC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/crc64.h"
#include "base/digest.h"
#include "image/tar.h"

/*
 * The two texts that say what is in a layer of zstd:chunked, made while its archive is read.
 *
 * table	the entries of the table of contents, in JSON, with commas between them. Where
 *		compressed bytes begin is not known here: "\1N\1" stands for the offset at which
 *		the frame of cut number N ended.
 * split	the archive without the contents of its files, as tar-split has it: a line of JSON
 *		for each part of it, and one for each file with the check sum of its content.
 *
 * Who reads a layer by its table must come to the same files as who reads its archive, and they
 * compare both by Go's archive/tar. What that understands differently, or refuses, or what JSON
 * cannot say, makes the layer unfit: it gets no table, and is an ordinary layer of zstd. So does a
 * table that is larger than readers take. These are names that are no UTF-8, two entries of one
 * name, sparse and contiguous files, global extended headers, the formats of star and of GNU with
 * times, a target of what is no link, times outside of the years 1 to 9999, and megabytes of zeros
 * behind the end.
 */
struct toc {
	bool unfit; /* nothing more is to be told */
	struct buf table, split;
	uint64_t table_len; /* of all that was taken */
	uint64_t position;  /* lines of `split` */
	uint64_t cuts;
	void *names;    /* a tree of strings: those of the entries, cleaned */
	struct buf gap; /* of the archive, since the last line of `split` */
	/* The entry at hand: its text up to what depends on its content, and that of its chunks,
	 * of which the first one has no entry of its own. */
	struct buf entry, first_chunk, chunks;
	const char *name; /* borrowed */
	uint64_t size;
	/* Of its content. */
	struct digest content, chunk;
	struct crc64 crc;
	uint64_t first_cut, n_chunks, chunk_at, chunk_len;
};

void toc_init(struct toc *toc);
void toc_release(struct toc *toc);
/* Bytes of the archive that are not of a file's content. After each call the caller looks at unfit,
 * and sends and clears both texts. */
void toc_pass(struct toc *toc, const void *bytes, size_t len);
/* All that was passed is up to the content of this entry, which the tar reader has just read. */
void toc_begin(struct toc *toc, const struct tar *tar, const struct tar_entry *entry);
/* The content of a file that is not empty: there is a cut before it, and behind each chunk. */
int toc_content_begin(struct toc *toc);
void toc_content(struct toc *toc, const void *bytes, size_t len);
int toc_chunk_ended(struct toc *toc, bool hole);
/* The entry is complete. */
void toc_end_entry(struct toc *toc);
/* So does the archive, of so many bytes. */
void toc_end(struct toc *toc, uint64_t archive_len);

#endif
