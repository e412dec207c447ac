/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_VOLUMEMOUNT_H
#define BERTH_CONTAINER_VOLUMEMOUNT_H

#include "container/make.h"
#include "container/mountopt.h"

/*
 * Volumes as mounts of a container: found, or made where they are missing, locked as long as the
 * container runs (container->volumes), and noted in its record.
 *
 * The anonymous volumes of a container of --rm are directories that go with it (scratch.h).
 */

/* Fill in what opt, of kind MOUNTOPT_VOLUME or MOUNTOPT_ANONYMOUS, mounts; number: its own among
 * the mounts of the container. 1: its options say that it is elsewhere. */
int volumemount_plan(struct container *container, size_t number, struct mountopt *opt);
/* The same for what another container has (MOUNTOPT_FROM). */
int volumemount_adopt(struct container *container, struct mountopt *opt);
/* Lock those of a container that is started again. */
int volumemount_lock(struct container *container);
/* Let go of all of them. */
void volumemount_unlock(struct container *container);

#endif
