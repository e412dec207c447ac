/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BASE_COMPRESS_H
#define BERTH_BASE_COMPRESS_H

#include "base/stream.h"

/*
 * The reverse of base/stream: bytes in, compressed bytes out, on all processors. Blocks of a fixed
 * size are compressed on their own by as many threads as there are processors, and are put out in
 * order: the result depends on the input and the level alone, neither on the number of threads nor
 * on the time; on a processor of another kind ISA-L may come to another. gzip has no name and no
 * time in its header.
 */
struct compress;

/* level 0: the default of the format (gzip 1 .. 9; zstd 1 .. 19). */
int compress_open(enum compression format, int level, stream_source source, void *arg,
		  struct compress **ret_compress);
/* A stream_source (arg is the struct compress): compressed bytes, 0 at the end. */
ssize_t compress_read(void *arg, void *bytes, size_t size);
/* Bytes that were taken of the source. */
uint64_t compress_taken(const struct compress *compress);
/*
 * zstd: end the frame with what was taken of the source. It is the source that calls it, once at
 * the most before bytes that it gives. What is between two cuts is in frames of its own.
 */
int compress_cut(struct compress *compress);
/* Be told where in the output the frames end that are cut: once for each cut, in order. All are
 * known when compress_read() has come to the end. */
void compress_watch(struct compress *compress, void (*frame_ended)(void *arg, uint64_t offset),
		    void *arg);
void compress_free(struct compress *compress);
/* Refuses a level that the format has not. */
int compress_check_level(enum compression format, int level);

#endif
