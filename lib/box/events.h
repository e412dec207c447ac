/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_EVENTS_H
#define BERTH_BOX_EVENTS_H

#include <stdbool.h>

#include "spec/spec.h"

/*
 * Propagation of the events of mounts (mount_namespaces(7)): what a mount was asked for, one kind
 * after the other, or what the root's rootfsPropagation has for those below it that were asked for
 * nothing.
 */

/* Does it receive what the host mounts, so that it has to be cloned while it is still its peer? */
bool events_are_wanted(const struct spec *spec, const struct spec_mount *mount);
/* The same for the root. */
bool events_are_wanted_in_root(const struct spec *spec);
/* Set the propagation of a tree. */
int events_apply(int tree, const struct spec_mount *mount, unsigned long otherwise);
/* What mounts get that were asked for nothing; 0: private. */
unsigned long events_otherwise(const struct spec *spec);
/* Of the root's tree and the mounts that come with it, before anything is attached to it. */
int events_of_root(const struct spec *spec, int tree);

#endif
