/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_ARCHIVESCAN_H
#define BERTH_IMAGE_ARCHIVESCAN_H

#include "image/archive.h"

/*
 * Find the files in the tar archive that `in` is. With spool >= 0 the archive may be compressed and
 * `in` a pipe: it is decompressed into spool, and the places are those in there. A child does it.
 */
int archive_scan(struct archive *archive, int in, int spool);

#endif
