/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_STILL_H
#define BERTH_CONTAINER_STILL_H

#include "container/make.h"

/*
 * A container that does not run, kept from being started or removed while somebody works on its
 * files. What they are is said by container.spec, reduced to what
 * box/rootview.h takes: its layers, and the binds and overlays of its plan, but for those in /proc,
 * /sys and /dev, which only processes have. The layers are held as well.
 *
 * Any number of readers may be at it, and one who writes: readers get an overlay without the
 * container's writable directories, which are the topmost of the lower layers there. In a user
 * namespace that root has asked for, a reader is as who writes.
 */
struct still {
	struct container container;
	int mounting; /* locked by who is alone */
};

#define STILL_INIT \
	{ \
		.container = CONTAINER_INIT, .mounting = -1 \
	}

/* Takes the record over, error or not. -EBUSY where it is being started, or another command has it
 * for longer than some seconds. */
int still_open(const struct host *host, struct record *record, bool write, struct still *ret_still);
void still_release(struct still *still);

#endif
