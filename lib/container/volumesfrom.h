/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_VOLUMESFROM_H
#define BERTH_CONTAINER_VOLUMESFROM_H

#include "base/host.h"
#include "container/mountopt.h"

/*
 * --volumes-from CONTAINER[:OPTIONS]: the volumes and the directories of the host that another
 * container has, at the same places; it need not run. A mount that was made of several (an overlay,
 * an image) is that container's alone. What is read-only there is so here.
 */
struct volumesfrom {
	struct mountopt *v; /* of kind MOUNTOPT_FROM */
	size_t n;
};

int volumesfrom_check(const char *text);
/* Append those of a container. */
int volumesfrom_read(const struct host *host, const char *text, struct volumesfrom *from);
void volumesfrom_release(struct volumesfrom *from);

#endif
