/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_IMAGEVIEW_H
#define BERTH_CONTAINER_IMAGEVIEW_H

#include "base/host.h"
#include "base/vec.h"
#include "image/image.h"

/*
 * Images that are mounted, read-only, for the host to look into: RUNROOT/image-mounts/HEX, with the
 * image's ID. The mount itself says that it is there; the directory alone says nothing. Only root
 * can have any: an ordinary user's mounts live in a namespace that ends with the command.
 */

/* Mount the layers, once; *ret_path is to be freed. */
int imageview_mount(const struct host *host, const struct image *image, char **ret_path);
/* Returns 1 where it was mounted, 0 where it was not. force: also where files in it are open, which
 * stay usable. */
int imageview_unmount(const struct host *host, const char *id, bool force);
/* 1, 0, or negative. */
int imageview_is_mounted(const struct host *host, const char *id);
/* The IDs of all that are mounted are appended. */
int imageview_list(const struct host *host, struct strvec *ret_ids);
/* Where an image is mounted, or would be; to be freed. */
char *imageview_path(const struct host *host, const char *id);

#endif
