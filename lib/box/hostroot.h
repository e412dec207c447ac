/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_HOSTROOT_H
#define BERTH_BOX_HOSTROOT_H

#include "spec/spec.h"

/*
 * A throw-away copy of the host's own file systems ("host:"): overlays whose upper layers are in a
 * tmpfs of the container, so that nothing that the payload does survives. /proc, /sys, /dev and
 * /run are left empty, and so is every directory that the caller cannot read. Works in the
 * container's mount namespace, whose mounts are private; returns the detached tree of the root.
 */
int hostroot_new(const struct spec *spec, int userns);

#endif
