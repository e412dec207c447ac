/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_SECRET_H
#define BERTH_BOX_SECRET_H

#include "box/rootfs.h"
#include "spec/spec.h"

/*
 * Mount the secrets of spec, read-only, after everything else: those below /run/secrets are one
 * tmpfs there, each other is a file of it, mounted at its target. They exist in that tmpfs and
 * nowhere else; it is the container's, and goes with its last process.
 */
int secret_mount_all(const struct spec *spec, const struct rootfs *root);

#endif
