/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_COMMAND_TOPCOLUMN_H
#define BERTH_COMMAND_TOPCOLUMN_H

#include "base/buf.h"
#include "container/proclist.h"

/*
 * The columns of `top`. They have ps's names, and numbers of processes and users are the host's
 * then (`-o pid`), or podman's descriptors, which mean the container's (`pid`, and `hpid` for the
 * host's).
 */
struct topcolumn {
	const char *names; /* "args|cmd|command" */
	const char *heading;
	void (*print)(struct buf *out, const struct proclist *list,
		      const struct proclist_entry *entry);
};

/* NULL with the error recorded, where there is none of that name. inner: of podman's. */
const struct topcolumn *topcolumn_find(const char *name, bool inner);

#endif
