/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_TAR_HEADER_H
#define BERTH_IMAGE_TAR_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The blocks of a tar archive as they lie there. */
#define TAR_BLOCK_SIZE 512

/* POSIX.1-2017, pax(1), "ustar Interchange Format"; the GNU format has other fields from `prefix`
 * on. */
struct tar_header {
	char name[100];
	char mode[8];
	char uid[8];
	char gid[8];
	char size[12];
	char mtime[12];
	char checksum[8];
	char type;
	char link[100];
	char magic[8]; /* with the version */
	char user[32];
	char group[32];
	char device_major[8];
	char device_minor[8];
	char prefix[155];
	char pad[12];
};

struct tar_gnu_extent {
	char offset[12];
	char len[12];
};

/* From byte 386 of an old GNU sparse header on. */
struct tar_gnu_sparse {
	struct tar_gnu_extent extents[4];
	char is_extended;
	char real_size[12];
};

struct tar_gnu_sparse_block {
	struct tar_gnu_extent extents[21];
	char is_extended;
	char pad[7];
};

_Static_assert(sizeof(struct tar_header) == TAR_BLOCK_SIZE, "a header is a block");
_Static_assert(sizeof(struct tar_gnu_sparse_block) == TAR_BLOCK_SIZE, "an extension is a block");
#define TAR_SPARSE_OFFSET 386

/*
 * A number field: octal digits with blanks before and a blank or NUL after them, or, where the
 * highest bit is set, a big-endian two's complement number. An empty field is 0. `what` is for the
 * message.
 */
int tar_signed_number(const char *field, size_t len, const char *what, int64_t *ret_value);
/* The same where only 0 to max are right. */
int tar_number(const char *field, size_t len, const char *what, uint64_t max, uint64_t *ret_value);
/* A name field, which fills its place or ends with a NUL; out has room for len and a NUL. */
void tar_text(char *out, const char *field, size_t len);
bool tar_checksum_is_right(const struct tar_header *header);

#endif
