/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_CGOWNER_H
#define BERTH_BOX_CGOWNER_H

#include "spec/spec.h"

/*
 * The owner of a bundle's cgroup (v2): where the container has a cgroup namespace of its own and
 * may write to /sys/fs/cgroup, its user gets the directory and the files that the kernel says can
 * be delegated; a systemd in there needs that. Limits stay root's. Nothing where that user is root
 * outside as well, or where the caller is not.
 */
int cgowner_give(const struct spec *spec, int dirfd);

#endif
