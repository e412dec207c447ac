/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_VOLUMEOPT_H
#define BERTH_CONTAINER_VOLUMEOPT_H

#include <stdbool.h>

#include "base/vec.h"
#include "spec/mount.h"

/*
 * The options of the driver `local`, KEY=VALUE:
 *
 *	type=tmpfs			memory of each container's own; o= as of --tmpfs
 *	type=none, device=DIR, o=bind	a directory of the host; o= as of -v DIR:...
 *	type=TYPE, device=SOURCE	a file system of a device or a server, mounted for each
 *					container by who starts it; o= as of mount(8)
 */
int volumeopt_check(const struct strvec *options);
/* What a container mounts instead of the data of the volume: type, source, data and attributes are
 * put into `mount`. Returns 1, or 0 where the options say nothing of it. */
int volumeopt_apply(const struct strvec *options, struct spec_mount *mount);

#endif
