/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_TAR_H
#define BERTH_IMAGE_TAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "image/tar_pax.h"
#include "image/tar_sparse.h"

/*
 * Reads tar archives: v7, ustar, pax (POSIX.1-2001), GNU (long names, sparse files, base-256
 * numbers). Names and attributes are bytes as they stand in the archive: nothing is converted,
 * normalised or cut, and what two readers could understand differently is refused: a NUL within a
 * name, a pax size that contradicts the header's, data after a link, two long names for one entry,
 * archives after the end of the archive.
 *
 * Nothing is copied on the way: the source hands out pieces of memory, tar_data() hands out parts
 * of them.
 */
enum tar_type {
	TAR_FILE,
	TAR_HARD_LINK,
	TAR_SYMLINK,
	TAR_CHARACTER_DEVICE,
	TAR_BLOCK_DEVICE,
	TAR_DIRECTORY,
	TAR_FIFO,
};

/* Everything it points to is valid until the next tar_next(). */
struct tar_entry {
	enum tar_type type;
	const char *path; /* not empty; as it stands in the archive, anything may be in it */
	const char *link; /* target of a link: at most MAX_TAR_LINK bytes, not empty; else "" */
	uint64_t size;    /* of the file, with holes */
	uint32_t mode;    /* 0 to 07777 */
	uint32_t uid, gid;
	int64_t mtime;
	uint32_t mtime_nsec;
	const struct pax_xattr *xattrs;
	size_t n_xattrs;
};

/* The next piece, of any length above 0: how long it is; 0 at the end; negative with the error
 * recorded. It may use the memory of the one before. */
typedef ssize_t (*tar_source)(void *arg, const unsigned char **ret_bytes);

struct tar {
	tar_source source;
	void *arg;
	const unsigned char *piece; /* what is left of the piece at hand */
	size_t left;
	uint64_t offset; /* in the archive, of the next byte */
	unsigned char block[512];
	char path_field[257], link_field[101]; /* of the header */
	struct buf gnu_path, gnu_link;
	struct pax pax;
	bool has_gnu_path, has_gnu_link, has_pax;
	bool has_global;  /* there was an extended header for all entries that follow */
	uint64_t data;    /* bytes of the entry's data that are still to come */
	uint64_t padding; /* after them */
	struct sparse sparse;
	bool is_sparse;
	size_t extent;        /* the one that is at hand */
	uint64_t extent_done; /* bytes of it that were given out */
	uint64_t file_offset; /* of the next byte, in a file that is not sparse */
	bool ended;           /* the archive's end was marked, or there was nothing at all */
};

void tar_init(struct tar *tar, tar_source source, void *arg);
void tar_release(struct tar *tar);
/* The next entry; what is left of the data of the one before is skipped. 1: there is one, 0: the
 * archive ended and only zero bytes follow; negative on error. */
int tar_next(struct tar *tar, struct tar_entry *ret_entry);
/*
 * A part of the file's data and where it belongs in the file; parts come in order, what is between
 * them are holes. 1, 0 at the end, or negative.
 */
int tar_data(struct tar *tar, const void **ret_bytes, size_t *ret_len, uint64_t *ret_offset);

#endif
