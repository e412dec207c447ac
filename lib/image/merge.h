/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_MERGE_H
#define BERTH_IMAGE_MERGE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/vec.h"

/*
 * Walk over unpacked layers as the one tree that they are together: a name of an upper layer hides
 * that of lower ones, directories are merged unless one is opaque, whiteouts hide and are not seen
 * themselves. It is what overlayfs would show, without a mount. No symbolic link is followed, and
 * nothing outside of the layers' directories is opened.
 */
struct merge_entry {
	const char *path; /* from the root, without a leading '/' */
	struct stat st;
	size_t layer; /* that it is of: its place in the list */
	int fd;       /* O_PATH; the walk's */
};

/*
 * layers: directories, the topmost first. Calls each(entry, arg) for everything but the root, a
 * directory before what is in it, names in the order of their bytes; a negative value ends the
 * walk, but -ENOENT: a name that goes away while it is looked at is passed over.
 */
int merge_walk(const struct strvec *layers, int (*each)(const struct merge_entry *entry, void *arg),
	       void *arg);

#endif
