/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_SOURCE_H
#define BERTH_BOX_SOURCE_H

#include "spec/spec.h"

/*
 * What comes from the host into the container: the root file system and the sources of bind and
 * overlay mounts, as detached trees. They are opened before anything of the container can run, in a
 * mount namespace of its own: by the child itself, or, where its root has no rights to the caller's
 * files, by a helper of the parent, who hands the descriptors over. File systems of devices and
 * servers are the caller's to mount, who has a network, and are inherited.
 */
struct sources {
	int root;
	int *mounts; /* one for each of spec->mounts; -1 where the child makes it, until it has */
	size_t n;
};

#define SOURCES_INIT \
	{ \
		.root = -1 \
	}

/* In the parent, before there is a child: what only it can mount. */
int sources_prepare(const struct spec *spec, struct sources *ret_sources);
/* Close all of them. */
void sources_release(struct sources *sources);

/* In the child: open the others and make the namespace's mounts private on the way: clones that are
 * to receive mounts from the host are made before, all others after. userns: for idmapped mounts,
 * or -1. */
int sources_open(const struct spec *spec, int userns, struct sources *sources);

/* Give the sources of mounts with `chown` (":U") to the payload's user, after the pivot. */
int sources_own(const struct spec *spec, const struct sources *sources, uid_t uid, gid_t gid);

/* The same as sources_open() in a helper that is forked here, for the child behind `sync` with pid
 * `pid`; it gets SYNC_ENTER from the helper. */
int sources_hand_over(const struct spec *spec, const struct sources *prepared, int sync, pid_t pid);
/* In the child: take them, all but those that were prepared. */
int sources_receive(const struct spec *spec, int sync, struct sources *sources);

#endif
