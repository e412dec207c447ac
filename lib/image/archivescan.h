/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_ARCHIVESCAN_H
#define BERTH_IMAGE_ARCHIVESCAN_H

#include "image/archive.h"

/*
 * Find the files in the tar archive that `in` is, and keep a descriptor of it in archive->fd. With
 * spool it may be compressed, and a pipe: it is decompressed into a file without a name, and the
 * places are those in there. All of that is done in a cell (image/cell.h).
 */
int archive_scan(struct store *store, struct archive *archive, int in, bool spool);

#endif
