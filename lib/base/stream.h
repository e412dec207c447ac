/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BASE_STREAM_H
#define BERTH_BASE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A stream of bytes that may be compressed: gzip (ISA-L; zlib where that has no build), zstd, or
 * neither. Which one is decided by the first bytes alone, media types and file names lie. Members
 * and frames that follow each other are one stream, zero bytes after the last one are padding;
 * anything else after it, and an end in the middle, is an error.
 */
enum compression {
	COMPRESSION_NONE,
	COMPRESSION_GZIP,
	COMPRESSION_ZSTD,
};

/* So many bytes are enough for stream_sniff(). */
#define STREAM_MAGIC_LEN 4
/* How much is asked of the source at a time. */
#define STREAM_CHUNK (256UL << 10)

/* Bytes for the stream, as read(2): up to size; 0 at the end; negative with the error recorded. */
typedef ssize_t (*stream_source)(void *arg, void *bytes, size_t size);

struct stream_codec;

struct stream {
	const struct stream_codec *codec;
	void *state; /* of the codec */
	stream_source source;
	void *arg;
	unsigned char *in; /* STREAM_CHUNK bytes; what was read and not yet taken is at + left */
	size_t at, left;
	bool source_ended, ended;
	uint64_t taken;    /* bytes read from the source */
	uint64_t produced; /* bytes given to the reader */
	uint64_t limit;    /* of produced; UINT64_MAX: none */
};

#define STREAM_INIT \
	{ \
		.codec = NULL \
	}

/* "gzip", "zstd", "no compression". */
const char *compression_name(enum compression compression);
/* The compression that data starting with these bytes has; fewer than STREAM_MAGIC_LEN: the data is
 * shorter. */
enum compression stream_sniff(const void *bytes, size_t len);
/* Load the libraries for it now; for callers that are about to lose the file system. */
int stream_load(enum compression compression);

/* Read from `source`, called with `arg`, which must live as long as the stream. Reads the first
 * bytes. */
int stream_open(struct stream *stream, stream_source source, void *arg);
/* The same with the descriptor fd, which stays the caller's; it is read from where it stands. */
int stream_open_fd(struct stream *stream, const int *fd);
/*
 * Decompressed bytes: fills `bytes` wholly, but at the end. Returns how many; 0 is the end, which
 * is reached only when every check sum was right; negative on error. More than `limit` bytes, and
 * (over 1 GiB) more than 1000 bytes for one byte of input, are errors.
 */
ssize_t stream_read(struct stream *stream, void *bytes, size_t size);
enum compression stream_compression(const struct stream *stream);
void stream_release(struct stream *stream);

#endif
