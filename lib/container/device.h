/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_DEVICE_H
#define BERTH_CONTAINER_DEVICE_H

#include "container/request.h"

/* --device: nodes of the host, with the access that the device cgroup gives them. */

/* HOST[:CONTAINER][:rwm], where HOST may be a directory of devices; or vendor/class=name, which
 * cdi.h resolves. Adds to devices, rules, mounts and environment of the spec. */
int device_add(const char *text, struct spec *spec);
/* The node `source` as `path` in the container. access: of "rwm". */
int device_add_node(const char *source, const char *path, const char *access, struct spec *spec);

#endif
