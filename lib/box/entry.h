/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_ENTRY_H
#define BERTH_BOX_ENTRY_H

#include "box/user.h"
#include "spec/spec.h"

/*
 * A line for the payload's user in the root's /etc/passwd where that has none for the id: with
 * --passwd-entry, and where the payload is the caller himself under an id of his own (keep-id),
 * whom programs otherwise call "I have no name!". It is appended to the file, so that useradd(8)
 * and its like, which replace it, go on working; a root that is somebody's directory is left as it
 * is, and so is a file that is mounted there.
 */

/* Before the pivot: the line, or NULL where none is wanted. caller is who started berth, outside.
 */
int entry_make(const struct spec *spec, uid_t caller, char **ret_template);
/* After it. Sets user->name and home where a line is added. */
int entry_add(int rootfd, const struct spec *spec, const char *template, struct user *user);

#endif
