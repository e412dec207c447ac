/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_OVERLAY_H
#define BERTH_BOX_OVERLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"

/*
 * An overlay, with `userxattr`: what it keeps on disk is the same with and without a user
 * namespace, and trusted.* attributes that a layer might carry mean nothing to it. The exception
 * is an upper layer in a tmpfs: that has user.* attributes since Linux 6.6 only, without which a
 * directory of the lower layer cannot be removed; so where trusted.* ones can be had, it uses
 * those.
 */
struct overlay {
	const struct strvec *lower; /* the topmost first */
	const int *lower_trees;     /* instead of opening `lower`: a detached mount for each */
	const char *upper, *work;   /* NULL: read-only */
	bool volatile_upper;        /* no sync reaches the upper file system */
	bool trusted;               /* trusted.* attributes; not in a user namespace */
	uint64_t attr;
};

/* Returns a detached mount. */
int overlay_new(const struct overlay *overlay);
/* The same with the lower layers idmapped into a user namespace. They are attached to directories
 * that are made in the working directory, because overlay takes no detached ones before Linux 6.15:
 * it has to be a staging area (rootfs.h). Sets lower_trees. */
int overlay_new_idmapped(struct overlay *overlay, int userns);

#endif
