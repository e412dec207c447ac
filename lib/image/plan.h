/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_PLAN_H
#define BERTH_IMAGE_PLAN_H

#include "image/imageconfig.h"
#include "image/store.h"

/*
 * Plans: images/HEX, where sha256:HEX is the ID of the image. What running it needs of its
 * configuration, checked already and in a form that is read with one read(2) and no parser worth
 * the name: strings "KEY=VALUE", each ended by NUL, between a line with the version and one with a
 * check sum.
 *
 * The file is also the image's lock: shared by whoever uses the image, exclusive to remove it. A
 * plan says that the layers it names are there; they are not removed before it.
 */

/* Write it where it is missing; one that cannot be read is replaced, unless it is in use. */
int plan_write(const struct store *store, const char *id, const struct image_config *config);
/* Write it, and lock the image as plan_open() does. Returns the lock. */
int plan_hold(const struct store *store, const char *id, const struct image_config *config);
/*
 * Read the plan, lock the image, and note that it is used (image/budget.h). -ENOENT (nothing
 * recorded) where there is none that can be used: plan_write() helps. *ret_lock stays open as long
 * as the image is in use.
 */
int plan_open(const struct store *store, const char *id, struct image_config *ret_config,
	      int *ret_lock);
/* Read without locking. */
int plan_read(const struct store *store, const char *id, struct image_config *ret_config);
/* Lock the image exclusively; -EBUSY (nothing recorded) where it is in use, -ENOENT where there is
 * no plan. Returns the lock. */
int plan_lock(const struct store *store, const char *id);
/* Remove the plan; its exclusive lock is held. */
int plan_remove(const struct store *store, const char *id);
/* The IDs of all plans. */
int plan_list(const struct store *store, struct strvec *ret_ids);

#endif
