/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_HOSTROOT_H
#define BERTH_BOX_HOSTROOT_H

#include "spec/spec.h"

/*
 * A throw-away copy of the host's own file systems ("host:"): overlays whose upper layers are in a
 * tmpfs of the container, so that nothing that the payload does survives. It runs in the container's
 * mount namespace, whose mounts are private, and returns the detached tree of the root.
 */
int hostroot_new(const struct spec *spec);

#endif
