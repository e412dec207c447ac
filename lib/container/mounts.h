/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_MOUNTS_H
#define BERTH_CONTAINER_MOUNTS_H

#include "container/make.h"

/*
 * --volume, --mount, --tmpfs, --volumes-from, --read-only, and the image's volumes, as mounts of
 * the spec. A mount of the user takes the place of a default one at or below its target. Outer ones
 * come first.
 */
int mounts_make(const struct host *host, const struct request *request,
		struct container *container);
/* The mount at this place, or NULL. */
const struct spec_mount *mounts_find(const struct spec *spec, const char *destination);

#endif
