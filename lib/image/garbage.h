/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_GARBAGE_H
#define BERTH_IMAGE_GARBAGE_H

#include "image/store.h"

/*
 * Remove every blob that index.json does not lead to, and every layer that neither index.json leads
 * to nor a plan in images/ names, and with them the note that there may be some
 * (store_mark_garbage()). Nothing is removed where a document on the way cannot be read.
 * Returns 1 when all is swept, 0 where somebody is adding objects and it has to wait for later.
 */
int garbage_collect(struct store *store);

#endif
