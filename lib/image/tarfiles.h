/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_TARFILES_H
#define BERTH_IMAGE_TARFILES_H

#include <stdbool.h>
#include <sys/stat.h>

#include "image/tarwrite.h"

/*
 * Writes files that are on the disk to a tar archive, with hard links among them and the attributes
 * that layers keep. Device nodes and sockets are left out. The same files in the same order give
 * the same bytes.
 *
 *	tarfiles_init(&files, fd, name)
 *	tarfiles_put(&files, &entry)	or tarwrite_...(&files.tar, ...) for what is no file
 *	tarwrite_end(&files.tar)
 */
struct tarfiles {
	struct tarwrite tar;
	bool kept_owners;     /* owners are in attributes (TIER_SINGLE) */
	bool live;            /* somebody may be writing: a file that gets shorter is filled up with
				 zero bytes */
	void *links;          /* tree of struct link */
	unsigned char *bytes; /* COPY_SIZE */
};

struct tarfiles_entry {
	const char *path;      /* in the archive */
	const struct stat *st; /* with the owner that it is to have there */
	int fd;                /* O_PATH */
};

/* fd and name as of tarwrite_init(). */
void tarfiles_init(struct tarfiles *files, int fd, const char *name);
int tarfiles_put(struct tarfiles *files, const struct tarfiles_entry *entry);
void tarfiles_release(struct tarfiles *files);

#endif
