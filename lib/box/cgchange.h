/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_CGCHANGE_H
#define BERTH_BOX_CGCHANGE_H

#include "box/cgknob.h"

/*
 * Limits of a container that runs, changed all or none: what each file had is read before it is
 * written, and written back where a later one is refused.
 */
struct cgchange_old {
	int dirfd;
	char *file, *value;
};

struct cgchange {
	struct cgchange_old *v;
	size_t n;
};

/* Leave out of `to` what `from` has as well. */
void cgchange_drop_same(const struct knobs *from, struct knobs *to);
/*
 * Write those of `controller` (CONTROLLER_MAX: all) to a cgroup's directory. The order in which the
 * kernel takes them depends on what is there (a limit of memory may not be above that of memory and
 * swap), so what is refused is tried again after the others. On failure the error is recorded, and
 * what was written before is still to be undone.
 */
int cgchange_write(struct cgchange *change, const struct knobs *knobs, enum controller controller,
		   int dirfd);
/* The last one first. The recorded error stays. */
void cgchange_undo(struct cgchange *change);
void cgchange_release(struct cgchange *change);

#endif
