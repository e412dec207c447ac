/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_COMMAND_IMAGEUSERS_H
#define BERTH_COMMAND_IMAGEUSERS_H

#include <stdbool.h>

#include "base/vec.h"

/*
 * Who keeps an image from being removed without holding its lock: containers that do not run, and
 * mounts of `image mount`. arg of the callbacks is the host (const struct host *).
 */

/* The IDs of the images that have such users, and of those that running containers use; one that
 * several use is there several times. A `list_used` of image/prune.h. */
int imageusers_list(void *arg, struct strvec *ret_ids);
/* A `removal_users` of image/remove.h: with force the containers are removed. */
int imageusers_find(void *arg, const char *id, bool force);

#endif
