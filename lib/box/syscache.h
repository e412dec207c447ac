/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_SYSCACHE_H
#define BERTH_BOX_SYSCACHE_H

#include "base/buf.h"
#include "box/sysprofile.h"

/*
 * Compiled profiles, kept in a directory of ours. The key is everything that the filter depends on,
 * whole and not as a digest: it is stored with the filter and compared, so that no two keys can be
 * taken for each other, and none of the libraries for digests has to be loaded. A file that is not
 * complete or not what its key says counts as absent.
 */
/* 1: found, 0: not there. */
int syscache_find(const char *dir, const struct buf *key, struct sysprofile *ret_profile);
/* Keep it; dir is made where it is missing, and emptied where it has become too large. */
int syscache_keep(const char *dir, const struct buf *key, const struct sysprofile *profile);

#endif
