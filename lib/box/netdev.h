/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_NETDEV_H
#define BERTH_BOX_NETDEV_H

#include <sys/types.h>

#include "spec/spec.h"

/*
 * Network interfaces that the container takes from the caller (linux.netDevices): moved into its
 * network namespace, under the name that they are to have there, with their permanent addresses
 * that are valid outside of the link, and up. What the kernel keeps over a move stays: MTU and
 * hardware address. With the end of the namespace a real interface returns to the host by itself.
 *
 * In the parent, who has both namespaces: that of the process `pid`, or the one that the spec has a
 * path of. Nothing to do where there are none.
 */
int netdev_give(const struct spec *spec, pid_t pid);

#endif
