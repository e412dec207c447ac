/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_CELL_H
#define BERTH_IMAGE_CELL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/idmap.h"

/*
 * A process that holds nothing, to parse untrusted bytes in. It has
 *
 *	the user namespace of `maps` (where there is one), and its own mount, pid, network, ipc and
 *	uts namespaces;
 *	one directory as its root and no other mount: no /proc, no /dev;
 *	three descriptors: `in`, its root and the way to report; 0, 1 and 2 are /dev/null;
 *	the capabilities to make files of any owner, and no_new_privs;
 *	limits of memory and descriptors;
 *	after cell_filter(), which is a matter of each thread, some fifty system calls.
 *
 * It dies with its maker. Libraries that are loaded late must be loaded before: it has no file
 * system to find them in.
 */
struct cell_plan {
	const struct idmaps *maps;
	const char *path; /* of the directory that becomes "/" */
	int in;           /* inherited */
	/* Run in the cell, which ends when it returns. rc negative: the cell could not be made, and
	 * that is all there is to report. */
	void (*body)(void *arg, int rc, int in, int root, int report);
	void *arg;
};

struct cell {
	pid_t pid;
	int report; /* what the body writes */
};

#define CELL_INIT \
	{ \
		.pid = -1, .report = -1 \
	}

int cell_start(const struct cell_plan *plan, struct cell *ret_cell);
/* Receive a report of exactly `size` bytes and wait for the end of the cell. A cell that ended
 * without one is an error that says how it ended. */
int cell_finish(struct cell *cell, void *ret_report, size_t size);
/* Kill it if it still runs. */
void cell_release(struct cell *cell);

/*
 * Make a cell of this process, to unpack into a tree that is there: as above, but for the
 * namespaces, which stay. It has its root directory already; what a cell takes of the host's is
 * prepared before. Of the descriptors, those in `keep` stay as they are. The filter is installed.
 */
struct cell_kit {
	int null;        /* the host's /dev/null */
	uint64_t memory; /* what there is of it, in bytes */
};

#define CELL_KIT_INIT \
	{ \
		.null = -1 \
	}

int cell_prepare(struct cell_kit *ret_kit);
int cell_enter(const struct cell_kit *kit, const int *keep, size_t n);

/* Allow this thread only what making files takes; anything else kills the cell. */
int cell_filter(void);

#endif
