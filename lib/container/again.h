/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_AGAIN_H
#define BERTH_CONTAINER_AGAIN_H

#include <stdbool.h>

#include "container/record.h"

/* Starting a container that exists, for the first time or again. The record is taken over. */

struct again_attach {
	bool interactive; /* our stdin, if the container was made with -i */
	bool sig_proxy;
};

/* As monitor_start() returns. */
int again_background(const struct host *host, struct record *record);
/* As start_foreground() returns. */
int again_foreground(const struct host *host, struct record *record,
		     const struct again_attach *attach);
/* Stop it, where it runs (`seconds` until it is killed; -1: as it was made), and start it in the
 * background. */
int again_restart(const struct host *host, struct record *record, int64_t seconds);

/* Is somebody just restarting it? What follows its log then waits. */
bool again_is_near(const struct record *record);

#endif
