/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_ARCHIVE_H
#define BERTH_IMAGE_ARCHIVE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "image/store.h"

/*
 * The files of an archive that holds images, or of a directory that does. A tar archive that is a
 * regular file is used where it is: only its headers are read, its files are then read in place.
 * One that is compressed or comes through a pipe is written, decompressed, to a file without a name
 * in the store's tmp/ first. Archives are decompressed and parsed by a child that reports names and
 * places; both are checked here again.
 */
struct archive_file {
	char *name; /* clean, relative: "blobs/sha256/HEX" */
	char *link; /* the name this one stands for; NULL: a file */
	uint64_t offset, size;
};

struct archive {
	char *name;             /* for messages */
	int fd;                 /* a plain tar archive that can be read in place; -1 */
	int dirfd;              /* a directory; -1 */
	struct archive_file *v; /* of a tar archive, sorted by name */
	size_t n;
};

#define ARCHIVE_INIT \
	{ \
		.fd = -1, .dirfd = -1 \
	}

/* Open a file, a directory, or (path "-") standard input. */
int archive_open(struct store *store, const char *path, struct archive *ret_archive);
/* The directory `dirfd`, which is duplicated. */
int archive_open_dir(int dirfd, const char *name, struct archive *ret_archive);
void archive_release(struct archive *archive);

/* Is there a file of this name? 1, 0, or negative. */
int archive_has(const struct archive *archive, const char *name);

/* A file of it, to be read from the start; archive_part_read() is a stream_source. */
struct archive_part {
	int fd, own;      /* own: to be closed; -1 */
	const char *name; /* of the archive */
	uint64_t at, end;
};

#define ARCHIVE_PART_INIT \
	{ \
		.fd = -1, .own = -1 \
	}

int archive_part_open(const struct archive *archive, const char *name,
		      struct archive_part *ret_part);
ssize_t archive_part_read(void *arg, void *bytes, size_t size);
void archive_part_release(struct archive_part *part);
/* Read a file whole; more than max bytes are an error. */
int archive_read(const struct archive *archive, const char *name, size_t max, struct buf *out);

#endif
