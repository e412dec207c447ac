/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_MOUNTMAP_H
#define BERTH_BOX_MOUNTMAP_H

#include "base/idmap.h"

/* A user namespace that nobody is in, for mounts with these maps (MOUNT_ATTR_IDMAP): a descriptor
 * of it. To be called outside of the container, by who may write the maps. */
int mountmap_open(const struct idmaps *maps);

#endif
