/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_SPEC_MOUNT_H
#define BERTH_SPEC_MOUNT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/idmap.h"
#include "base/vec.h"

/* The mounts, device nodes and secrets of a spec. */

struct spec_mount {
	char *destination;
	char *type; /* "bind", "tmpfs", "proc", "sysfs", "devpts", "mqueue", "cgroup", "overlay" */
	char *source;      /* bind: absolute path on the host */
	char *subpath;     /* bind: the part of the source that is mounted, found inside of it */
	bool recursive;    /* rbind */
	uint64_t attr_set; /* MOUNT_ATTR_* of mount_setattr(2) */
	uint64_t attr_clear;
	uint64_t attr_recursive;   /* rro and friends: those of them that the mounts below get as
				  * well, as a mask */
	unsigned long propagation; /* MS_*, with MS_REC for the r-forms; 0: private, recursively */
	struct strvec data;        /* options of the file system: "size=64m" */
	struct strvec lower;       /* overlay (type=image, :O): topmost first */
	char *upper, *work;
	bool tmpcopyup;  /* tmpfs: starts with what the image has there */
	bool chown;      /* :U: make the payload's user the owner of the source */
	bool idmap;      /* idmapped into the container's user namespace */
	bool outside;    /* a file system of a device or a server, mounted by who starts the
			    container, in his namespaces */
	bool from_image; /* a VOLUME of the image: its target must not leave the root or cover
			    /proc, /sys, /dev */
	char *where;     /* "mounts[3]" of a bundle, for messages; NULL: not of one */
	struct {
		unsigned long *v;
		size_t n;
	} before;             /* kinds of propagation that were asked for before `propagation`: one
				 adds to the other ("slave", then "shared") */
	struct idmaps idmaps; /* idmap: of this mount; empty: those of the container */
	bool idmap_recursive; /* ridmap */
	bool remount;         /* changes what is mounted at its destination */
	bool like_target;     /* tmpfs: with the mode of the directory that it covers */
};

/* Every attribute, for attr_recursive. */
#define MOUNT_ATTR_ALL ((uint64_t)INT64_MAX)

struct spec_device {
	char *path;   /* in the container */
	char *source; /* on the host; NULL: same as path */
	char type;    /* 'c', 'b'; 'p' for a FIFO */
	unsigned int major, minor;
	uint32_t mode; /* permission bits */
	uid_t uid;
	gid_t gid;
};

/* A file that is in memory alone: no part of a layer, and not in config.json. */
struct spec_secret {
	char *target; /* absolute */
	uid_t uid;    /* as the container has them */
	gid_t gid;
	bool owned;    /* somebody has asked for these ids */
	uint32_t mode; /* permission bits */
	struct buf data;
};

void spec_mount_release(struct spec_mount *mount);
/* fail_in(), with the words that name the mount. */
int spec_mount_fail(const struct spec_mount *mount, int rc);

#endif
