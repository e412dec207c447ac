/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_CGUNIT_H
#define BERTH_BOX_CGUNIT_H

#include <stdbool.h>

#include "spec/spec.h"

/*
 * A transient scope of systemd, systemd.scope(5): who is not root and lives in a session may not
 * move a process to a cgroup with controllers himself, but his systemd may.
 */
struct cgroup_unit;

/* Is this the way for the container: a slice was asked for, or limits by an ordinary user whose own
 * cgroup is not delegated to him, and there is a bus? */
bool cgunit_wanted(const struct spec *spec);
/* Is there a bus to reach systemd by: the user's, or for root the system's? */
bool cgunit_bus_exists(bool rootless);
/* Does it end in ".slice"? */
bool cgunit_is_slice(const char *name);
/* "slice:prefix:name", cgroupsPath of an OCI bundle, to the slice and "prefix-name.scope". */
int cgunit_split(const char *text, char **ret_slice, char **ret_scope);
void cgunit_free(struct cgroup_unit *unit);

#endif
