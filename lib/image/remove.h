/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_REMOVE_H
#define BERTH_IMAGE_REMOVE_H

#include "image/store.h"

/* What a removal did. */
struct removal {
	struct strvec untagged; /* names */
	struct strvec deleted;  /* image IDs */
};

void removal_release(struct removal *removal);

/*
 * Who keeps the image with this ID from being removed, but does not hold its lock: containers that
 * do not run. With force it is called first to make them give it up, whether they run or not; then,
 * with the image locked, to see that there are none: 0, or -EBUSY with the error recorded.
 */
typedef int (*removal_users)(void *arg, const char *id, bool force);

/*
 * Remove a name, and with the last name the image. By its ID, an image that has several names is
 * removed only with force. -ENOENT: no such image; -EBUSY: it is in use. Layers that other images
 * have as well stay.
 */
int image_remove(struct store *store, const char *text, bool force, removal_users users, void *arg,
		 struct removal *removal);

#endif
