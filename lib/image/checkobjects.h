/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_CHECKOBJECTS_H
#define BERTH_IMAGE_CHECKOBJECTS_H

#include "image/check.h"

/* The parts of store_check() that look at objects and not at what leads to them. */

/* Every blob has the digest that it is called by. */
int check_blobs(struct store *store, const struct check *check);
/* Every file of every layer can be read. */
int check_layers(struct store *store, const struct check *check);
/* Nothing is there that nothing leads to; not looked at where others are adding objects. */
int check_unreached(struct store *store, const struct check *check);

#endif
