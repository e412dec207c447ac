/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_DEV_H
#define BERTH_BOX_DEV_H

#include "box/rootfs.h"
#include "spec/spec.h"

/* /dev, in a tmpfs of ours: nodes where nodes can be made, binds of the host's in a user namespace.
 */

/* The host's /dev/null, for the masks: opened before anything else, and it is what it says. */
int dev_open_null(void);
/* Fill root->dev, which is attached: the default nodes and links, those of spec->devices below
 * /dev, and with spec->privileged all that the host has. */
int dev_make(const struct spec *spec, const struct rootfs *root);
/* Devices that spec->devices wants outside of /dev, or where /dev is not ours. After all mounts. */
int dev_make_elsewhere(const struct spec *spec, const struct rootfs *root);

#endif
