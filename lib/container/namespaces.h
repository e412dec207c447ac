/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_NAMESPACES_H
#define BERTH_CONTAINER_NAMESPACES_H

#include "container/request.h"

/* --pid, --ipc, --uts, --cgroupns, and the network's choice: which namespaces are new, the host's,
 * or joined. The user namespace is userns.h's; that of mounts is always new. */
int namespaces_make(const struct request *request, const struct network *network,
		    struct spec *spec);

#endif
