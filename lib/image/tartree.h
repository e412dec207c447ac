/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_TARTREE_H
#define BERTH_IMAGE_TARTREE_H

#include "image/tarfiles.h"

/*
 * Writes a file, or a directory with all that is in it, to an archive, names in the order of their
 * bytes. Somebody else may be changing the tree: it is walked by descriptors, no symbolic link is
 * followed, and what goes away meanwhile is left out.
 *
 * fd: O_PATH. name: what it is called in the archive.
 */
int tartree_put(struct tarfiles *files, int fd, const char *name);

#endif
