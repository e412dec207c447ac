/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_CGREAD_H
#define BERTH_BOX_CGREAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* Numbers in files of a cgroup's directory (dirfd < 0: there is none). What no file tells is
 * CGUSAGE_UNKNOWN; a limit that is not set is CGUSAGE_NONE. */
#define CGUSAGE_UNKNOWN UINT64_MAX
#define CGUSAGE_NONE (UINT64_MAX - 1)

/* A file with one number, or "max", or -1. */
uint64_t cgread_number(int dirfd, const char *file);
/* "KEY N" in a file of such lines. */
uint64_t cgread_keyed(int dirfd, const char *file, const char *key);
/* The whole of a file; false, with nothing recorded, where it cannot be read. */
bool cgread_text(int dirfd, const char *file, struct buf *out);

#endif
