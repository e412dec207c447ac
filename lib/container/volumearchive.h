/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_VOLUMEARCHIVE_H
#define BERTH_CONTAINER_VOLUMEARCHIVE_H

#include "container/volume.h"

/*
 * What is in a volume as a tar archive, with the owners that a container without a user namespace
 * of its own sees. Containers may be writing meanwhile: the tree is walked by descriptors, and no
 * link is followed.
 *
 * An archive that comes is unpacked in a cell (image/cell.h) whose root is the volume: what it says
 * reaches nothing else. What is there stays, but for what the archive has under the same name.
 */

/* fd and name: what is written to. */
int volumearchive_export(const struct store *store, const struct volume *volume, int fd,
			 const char *name);
/* fd: the archive, compressed or not, to its end. */
int volumearchive_import(const struct store *store, struct volume *volume, int fd);

#endif
