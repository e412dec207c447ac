/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_VOLUMEFILL_H
#define BERTH_CONTAINER_VOLUMEFILL_H

#include "container/make.h"

/*
 * An empty volume gets what the image has at its place when the first container with it starts:
 * the container's own process copies it (box/copyup.h), which knows the root file system and the
 * ids. Here is what makes it happen once and as a whole:
 *
 *	volumes/NAME/lock	held by who fills the volume; others that start wait for it
 *	volumes/NAME/filling	made before the first file is copied, removed after the last:
 *				where it is met under the lock, what is in the volume was left
 *				by one who died, and goes
 *
 * What somebody wrote is never touched: a volume that has something in it is not filled.
 */

/* Before the box is spawned. Of the mounts that are to be filled (tmpcopyup) those stay that need
 * it. */
int volumefill_begin(struct container *container);
/* The box has made its mounts. */
int volumefill_end(struct container *container);
/* For who writes to a volume otherwise: what a killed command left goes, and nobody fills it as
 * long as the struct lives. */
int volumefill_settle(const struct host *host, struct volume *volume);

#endif
