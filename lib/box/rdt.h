/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_RDT_H
#define BERTH_BOX_RDT_H

#include <stdbool.h>
#include <sys/types.h>

#include "spec/spec.h"

/*
 * Groups of the resctrl file system (linux.intelRdt of a bundle): a directory for each class of
 * service, whose `schemata` says what its `tasks` may have of caches and memory bandwidth. Refused
 * where that file system is not mounted; nothing at all where the bundle does not ask for it.
 *
 * A class that is named belongs to whoever made it: one that is there has to be as the bundle wants
 * it, and it stays. Without a name the class is the container's own and goes with it.
 */
int rdt_enter(const struct spec *spec, pid_t pid);
/* One more process of a container that has entered. */
int rdt_join(const struct spec *spec, pid_t pid);
/* Write other shares for a container that has entered. */
int rdt_change(const struct spec *spec);
/* Is it mounted? */
bool rdt_exists(void);
/* Remove what rdt_enter() made for this container alone. */
void rdt_leave(const struct spec *spec);

/* The same below another directory, for tests. */
int rdt_enter_at(const char *root, const struct spec *spec, pid_t pid);
int rdt_change_at(const char *root, const struct spec *spec);
void rdt_leave_at(const char *root, const struct spec *spec);

#endif
