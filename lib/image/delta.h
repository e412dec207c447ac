/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_DELTA_H
#define BERTH_IMAGE_DELTA_H

#include "image/owners.h"
#include "image/store.h"

/*
 * The layer that a container writes to as the archive of a layer: its files, and what it hides of
 * those below as whiteouts (.wh.NAME, .wh..wh..opq). The opposite of image/layer.h. The same layer
 * gives the same bytes. A name that would mean something else in an archive is refused.
 */
int delta_write(const struct store *store, const char *upper, const struct owners *owners, int fd);

#endif
