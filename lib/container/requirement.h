/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_REQUIREMENT_H
#define BERTH_CONTAINER_REQUIREMENT_H

#include "base/host.h"
#include "base/vec.h"
#include "container/record.h"

/*
 * --requires: containers that run before another one does. The record of that has their IDs; each
 * of them has a file `required` in its directory, so that who removes one looks for those that
 * require it only where there may be some. They are older than it: no circle is possible.
 */

/* The IDs of containers that are there, into the record; and the mark in each. */
int requirement_note(const struct host *host, const struct strvec *names, struct record *record);
/* Start, in the background, those that do not run, and first what they require themselves; by a
 * child that has none of our descriptors. */
int requirement_start(const struct host *host, const struct record *record);
/* The names of the containers that require this one. */
int requirement_dependents(const struct host *host, const struct record *record,
			   struct strvec *ret_names);
/* Refuse, with -EBUSY, where there are some. */
int requirement_check_removal(const struct host *host, const struct record *record);

#endif
