/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_EXTRACT_H
#define BERTH_IMAGE_EXTRACT_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Unpacks a tar archive into a tree that is there already and that somebody else may be changing.
 * Every path is resolved in the root (base/path), so that neither a link in the tree nor one of the
 * archive leads out of it; names with ".." are refused; nothing that is there is ever opened for
 * writing: a file is removed and made anew, in the directory that was opened. Device nodes and
 * extended attributes are left out.
 */
struct extract {
	int root; /* borrowed */
	/* Called with the first entry, without `top` before it; it sets `place` (to be freed), and
	 * may set root. */
	int (*begin)(struct extract *extract, bool directory);
	void *arg;
	char *place;       /* path in the root: what the entries are below */
	bool top;          /* the first component of all names is the place itself */
	bool keep_top;     /* the place is there, and stays as it is */
	bool overwrite;    /* a directory by something else, and the other way round */
	bool keep_owners;  /* those of the archive; else they are the caller's */
	bool no_privilege; /* no set-user-ID and no set-group-ID bits */
};

/* fd: the archive, compressed or not, to its end. */
int extract_archive(struct extract *extract, int fd);

#endif
