/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_PAUSE_H
#define BERTH_CONTAINER_PAUSE_H

#include <stdbool.h>

#include "container/record.h"

/* A paused container is one whose cgroup is frozen. It is recorded nowhere: the kernel knows. */

/* Freeze it, or let it go on (nothing to do where it is not paused). Refused where it has no
 * cgroup. */
int pause_set(const struct record *record, bool paused);
bool pause_is(const struct record *record);
/* docker's word for its state: created, running, restarting, paused, exited. */
const char *pause_status(const struct record *record);

#endif
