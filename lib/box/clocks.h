/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_CLOCKS_H
#define BERTH_BOX_CLOCKS_H

#include "spec/spec.h"

/*
 * Clocks of a new time namespace that are not those of the host. They can be set only as long as
 * nobody is in it: so a process makes it for its children, sets them, and goes in.
 */

/* Are there any? Then the time namespace is none of those that the child is born in. */
bool clocks_are_set(const struct spec *spec);
/* Make it for the children of the caller; nothing to do where there are none. While /proc is the
 * caller's and he has the ids that he was born with: the file is his by them. */
int clocks_make(const struct spec *spec);
/* Make it and go in. */
int clocks_enter(const struct spec *spec);

#endif
