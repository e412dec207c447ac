/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_COMMAND_IMAGEUSERS_H
#define BERTH_COMMAND_IMAGEUSERS_H

#include <stdbool.h>

/* A `removal_users` of image/remove.h: containers, running or not, whose image it is; arg is the
 * host (const struct host *). With force they are removed. */
int imageusers_find(void *arg, const char *id, bool force);

#endif
