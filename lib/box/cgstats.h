/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_CGSTATS_H
#define BERTH_BOX_CGSTATS_H

#include <cjson/cJSON.h>

#include "box/cgroup.h"

/*
 * All that a cgroup says of what its processes use, in the shape in which `runc events` prints it
 * and engines read it: the names are those of v1, whatever the version, and no limit is the largest
 * number. What no file tells is 0 or left out. Times are nanoseconds.
 *
 * *ret_stats is to be given to json_free(); -ENOENT where the cgroup is gone.
 */
int cgstats_read(const struct cgroup *cgroup, cJSON **ret_stats);

#endif
