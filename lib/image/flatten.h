/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_FLATTEN_H
#define BERTH_IMAGE_FLATTEN_H

#include "image/owners.h"
#include "image/store.h"

/*
 * The file system of an image, or of a container, as one tar archive: its layers merged
 * (image/merge.h), with the owners that files have in a container, hard links, and the attributes
 * that layers keep. Device nodes are not in it, layers have none. The same layers give the same
 * bytes.
 *
 * layers: directories of the store, the topmost first, that somebody keeps from being removed.
 * owners: of a container, whose files may be changing; NULL: of an image.
 */
int flatten(const struct store *store, const struct strvec *layers, const struct owners *owners,
	    int fd, const char *name);

#endif
