/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_AUTORANGE_H
#define BERTH_CONTAINER_AUTORANGE_H

#include "container/userns.h"

/*
 * --userns auto: a range of ids that no other running container has. The pool is cut into slots;
 * who holds the lock runroot/userns/N has slot N, until the container ends.
 *
 * pool: what the caller may give away, inside counted from 0 (NULL: root's, which is that of the
 * user "containers" in /etc/subuid and /etc/subgid, or 0x70000000 and up). size 0: the default.
 */
int autorange_take(const struct host *host, const struct idmaps *pool, uint32_t size,
		   struct userns *userns);

#endif
