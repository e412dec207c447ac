/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_MOUNTINFO_H
#define BERTH_BOX_MOUNTINFO_H

#include "base/vec.h"

/* The mounts of this mount namespace, from /proc/self/mountinfo, sorted by path: what is above
 * comes before what is below it. */
struct mountpoint {
	char *path;
	char *type;   /* of the file system that lies on top there */
	size_t order; /* in the table */
};

struct mountinfo {
	struct mountpoint *v;
	size_t n;
};

void mountinfo_release(struct mountinfo *info);
int mountinfo_read(struct mountinfo *ret_info);
/* Parse what was read; text is cut up. */
int mountinfo_parse(char *text, struct mountinfo *ret_info);

#endif
