/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_TARWRITE_H
#define BERTH_IMAGE_TARWRITE_H

#include <stddef.h>
#include <stdint.h>

#include "image/tar.h"

/*
 * Writes a tar archive: ustar headers, and a pax extended header before those whose names, numbers
 * or attributes need one. The same entries give the same bytes.
 *
 *	tarwrite_init(&tar, fd, name)
 *	tarwrite_entry(&tar, &entry)	then, for a file, exactly entry.size bytes by
 *	tarwrite_data(&tar, bytes, len)	as often as it takes
 *	tarwrite_end(&tar)
 */
struct tarwrite {
	int fd;              /* borrowed */
	const char *name;    /* of what is written to, for messages; borrowed */
	unsigned char *held; /* TARWRITE_HELD bytes, of which the first len are to be written */
	size_t len;
	uint64_t total; /* bytes of the archive so far */
	uint64_t due;   /* bytes of the entry's data that have not come yet */
};

#define TARWRITE_HELD (256UL << 10)
#define TARWRITE_INIT \
	{ \
		.fd = -1 \
	}

void tarwrite_init(struct tarwrite *tar, int fd, const char *name);
void tarwrite_release(struct tarwrite *tar);
/* Names are bytes that are written as they are; that of a directory gets a '/' at its end. */
int tarwrite_entry(struct tarwrite *tar, const struct tar_entry *entry);
int tarwrite_data(struct tarwrite *tar, const void *bytes, size_t len);
/* A file that is in memory. */
int tarwrite_file(struct tarwrite *tar, const struct tar_entry *entry, const void *bytes);
/* The mark of the end, and all that is held. */
int tarwrite_end(struct tarwrite *tar);

#endif
