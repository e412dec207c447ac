/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_ROOTDIR_H
#define BERTH_CONTAINER_ROOTDIR_H

#include "container/record.h"
#include "image/cell.h"

/*
 * The root directory of a container, as its processes have it: with its volumes and all that is
 * mounted. Work on it is done by a child with the rights of the container's root, which has no
 * others where the container has a user namespace. The directory is that of the process with the
 * start time in the record, or, of one that does not run, made for the child (still.h). What is
 * below it is opened by base/path alone, as the container may change any of it at any moment.
 */
struct rootdir {
	const struct record *record; /* borrowed */
	const struct spec *spec;     /* of one that does not run; borrowed */
	int (*body)(int root, void *arg);
	void *arg;
	int cell_in;       /* untrusted bytes come from here: the body runs in a cell (cell.h) with
			      the root directory as "/" and no more than this; -1: it does not */
	int not_for_child; /* a descriptor that the child closes: our end of a pipe; -1: none */
	struct cell_kit kit;
	int report; /* the child's error, as of err_send() */
	pid_t pid;
};

#define ROOTDIR_INIT \
	{ \
		.cell_in = -1, .not_for_child = -1, .kit = CELL_KIT_INIT, .report = -1 \
	}

/* Start body(root, arg) in the child. A container that does not run, without a spec, is refused. */
int rootdir_start(struct rootdir *rootdir);
/* Wait for it; its error is recorded. */
int rootdir_wait(struct rootdir *rootdir);
/* Kill it where it was not waited for. */
void rootdir_release(struct rootdir *rootdir);

#endif
