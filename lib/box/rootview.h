/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_ROOTVIEW_H
#define BERTH_BOX_ROOTVIEW_H

#include <stdbool.h>
#include <sys/types.h>

#include "spec/spec.h"

/*
 * The root file system of a container that does not run, as its processes would have it: put
 * together, with the mounts of spec, in a mount namespace (and a user namespace, where spec has
 * one) that nobody but a child of ours is in, and gone with that child.
 *
 * The container's root directory is a descriptor, and what is below it is opened by base/path
 * alone, as with one that runs. The child keeps the host's as its own, unless it is to have nothing
 * of it.
 */
struct rootview {
	/* User and mount namespace are made, the others are left out. Its mounts are those that
	 * make sense with no process: binds and overlays. */
	const struct spec *spec;
	bool pivot; /* the child has the container's root directory, and nothing of the host's */
	/* Run in the child once the root stands; the child ends when it returns. */
	void (*body)(void *arg, int root);
	void *arg;
};

/* Returns when the root stands, or with what went wrong. The child dies with its parent, and is the
 * caller's to wait for. */
int rootview_start(const struct rootview *view, pid_t *ret_pid);

#endif
