/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_FLATTEN_H
#define BERTH_IMAGE_FLATTEN_H

#include "image/store.h"

/*
 * The file system of an image as one tar archive: its layers merged (image/merge.h), with the
 * owners that files have in a container, hard links, and the attributes that layers keep. Device
 * nodes are not in it, layers have none. The same layers give the same bytes.
 *
 * layers: directories of the store, the topmost first, that somebody keeps from being removed.
 */
int flatten(const struct store *store, const struct strvec *layers, int fd, const char *name);

#endif
