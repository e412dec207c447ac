/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_CHANGES_H
#define BERTH_IMAGE_CHANGES_H

#include "base/buf.h"
#include "base/vec.h"
#include "image/owners.h"

/*
 * What a layer changes of those below it. Only the layer is walked through; of the others the same
 * names are looked at, and the directories that the layer replaces (opaque ones) are listed. A
 * directory is changed where its mode or owner is, or something in it; anything else also where its
 * size or time is. What was only copied up, with nothing changed, does not count.
 */
enum change_kind {
	CHANGE_ADDED = 'A',
	CHANGE_CHANGED = 'C',
	CHANGE_DELETED = 'D',
};

/*
 * layers: directories, the one that is asked about first. For each change its kind, the path with a
 * leading '/', and a NUL are appended, in the order of the paths' components. A name that goes away
 * while it is looked at is passed over. To be called as root of the store's maps.
 */
int changes_find(const struct strvec *layers, const struct owners *owners, struct buf *out);

#endif
