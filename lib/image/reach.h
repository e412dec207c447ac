/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_REACH_H
#define BERTH_IMAGE_REACH_H

#include <stdbool.h>

#include "image/manifest.h"
#include "image/seen.h"
#include "image/store.h"

/*
 * What entries of the catalog, and plans, lead to: the hex digits of blobs and layers. A blob that
 * is not there leads nowhere; one that cannot be understood is an error, since another program may
 * have put it there and it may lead anywhere.
 */
struct reach {
	struct store *store; /* borrowed */
	struct strvec blobs, layers;
	struct seen seen;
};

void reach_release(struct reach *reach);
/* All that a manifest, or an index, leads to. */
int reach_manifest(struct reach *reach, const struct descriptor *manifest);
/* The layers of a plan; none where it cannot be read. */
int reach_plan(struct reach *reach, const char *id);
/* Everything that is in use. */
int reach_all(struct reach *reach);
/* To be called when all is in it, and before it is asked. */
void reach_sort(struct reach *reach);
bool reach_has_blob(const struct reach *reach, const char *hex);
bool reach_has_layer(const struct reach *reach, const char *hex);

#endif
