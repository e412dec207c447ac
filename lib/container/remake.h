/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_REMAKE_H
#define BERTH_CONTAINER_REMAKE_H

#include "container/make.h"

/*
 * A container that was made before, ready to be started (again): its plan is read from config.json,
 * and what belongs to one run of it is made anew: the network, the filter, the locks of its images.
 */

/* Takes the record over, which must be locked (record_take()). */
int remake_container(const struct host *host, struct record *record,
		     struct container *ret_container);
/* The same for a container that has just ended, by its supervisor. */
int remake_again(const struct host *host, struct container *container);
/* Only what its file system takes: its plan, and the locks of its images. */
int remake_files(const struct host *host, struct container *container);
/* How it is attached and who is told, as far as the record knows. */
void remake_request(const struct container *container, struct request *ret_request);

#endif
