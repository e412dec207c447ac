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

enum removal_flags {
	REMOVAL_FORCE = 1, /* what uses the image goes as well, and so do all of its names */
	REMOVAL_NAMES = 2, /* all of its names go */
};

/*
 * Remove a name, and with the last name the image. By its ID, an image that has several names is
 * removed only with one of the flags. -ENOENT: no such image; -EBUSY: it is in use. Returns 1 where
 * something is left for store_sweep(): layers that other images have as well stay.
 */
int image_remove(struct store *store, const char *text, int flags, removal_users users, void *arg,
		 struct removal *removal);

#endif
