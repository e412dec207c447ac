/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_OWNERS_H
#define BERTH_IMAGE_OWNERS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/idmap.h"

/*
 * The owners that files of the layers of a container have in it. They are looked at as root of
 * the store's maps. The container may have others: then the ids go out through the former and in
 * through the latter. Layers of images that are mounted with other owners (those of root's
 * containers) have the container's owners on the disk already, as seen there.
 */
struct owners {
	const struct idmaps *store;     /* n == 0: none */
	const struct idmaps *container; /* n == 0: none */
	bool images_as_they_are;
	size_t written; /* of the layers: the topmost, its own */
};

#define OWNER_NOBODY 65534 /* of an id that the container does not have */

/* Replace the owner in *st by that of a file of the layer in that place of the list. owners NULL:
 * it is as it is. */
void owners_apply(const struct owners *owners, size_t layer, struct stat *st);

#endif
