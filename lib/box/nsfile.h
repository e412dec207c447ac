/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_NSFILE_H
#define BERTH_BOX_NSFILE_H

#include <stdbool.h>

#include "spec/spec.h"

/* Namespaces by their files: /proc/PID/ns/net, or what one was bound to. */

/* Open the one that the spec names for a kind, and refuse a file of another kind. */
int nsfile_open(const struct spec *spec, enum ns_kind kind);
/* Join it. The error is not recorded where `quiet` and the caller may not: -EPERM. One that the
 * caller is in already is fine, whatever the kernel thinks of it. */
int nsfile_join(const struct spec *spec, enum ns_kind kind, bool quiet);
/* Is the container in the caller's namespace of that kind: because it stays there, or because it
 * joins the very same one? */
bool nsfile_is_callers(const struct spec *spec, enum ns_kind kind);

#endif
