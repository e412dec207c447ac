/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_CDI_H
#define BERTH_CONTAINER_CDI_H

#include <stdbool.h>

#include "spec/spec.h"

/*
 * The Container Device Interface (CNCF, version 0.8): what a device needs is described by JSON
 * files that its vendor installs in /etc/cdi and /var/run/cdi, the latter winning. Device nodes,
 * mounts and environment are applied; a description with hooks, which are programs to be run on the
 * host, is refused.
 */

/* vendor/class=name */
bool cdi_is_name(const char *text);
/* Apply the device, and its file's edits for all devices. */
int cdi_add(const char *name, struct spec *spec);
/* The same from one file's bytes: 1 where it describes the device, 0 where not. */
int cdi_apply(const char *bytes, size_t len, const char *file, const char *name, struct spec *spec);

#endif
