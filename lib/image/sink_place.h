/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_SINK_PLACE_H
#define BERTH_IMAGE_SINK_PLACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "image/dirtree.h"
#include "image/tar.h"

/*
 * Where the sink that makes files puts an entry: from a clean path of the archive to an open
 * directory and a name in it. Paths are found in the tree of the directories that were made; where
 * that ends at a symbolic link, the kernel follows it inside the root, and what comes out must
 * again be one of those directories.
 */
#define IMPLIED_MODE 0755 /* of directories that the archive leaves out */

struct placer {
	struct dirtree tree;
	/* The directory of the last entry: archives go through a tree in order. */
	struct buf last_dir;
	uint32_t last_node;
};

struct place {
	const char *path; /* whole, for messages */
	uint32_t node;
	int fd; /* of the node, see dirtree_fd() */
	const char *name;
};

/* root stays the caller's. */
int placer_init(struct placer *placer, int root);
void placer_release(struct placer *placer);
/*
 * The place of path, whose directories are made where they are missing, with the time of `entry`;
 * returns 0. entry NULL: it is for a whiteout, and where that is below another whiteout, 1 is
 * returned and there is no place.
 */
int placer_find(struct placer *placer, const char *path, const struct tar_entry *entry,
		struct place *ret_place);
/* The directory at path itself; as above. */
int placer_walk(struct placer *placer, const char *path, size_t len, const struct tar_entry *entry,
		uint32_t *ret_node);
/* Make a directory in the tree: -EEXIST, with nothing recorded, where the name is taken. */
int placer_make_directory(struct placer *placer, uint32_t parent, const char *name,
			  const struct tar_entry *entry, uint32_t *ret_node);
/* Remove what is at the place, whatever it is. */
int placer_clear(struct placer *placer, struct place *place);
/* After a call that failed to make something there, by errno: 1 where something was in the way and
 * is removed (try again), else the error. */
int placer_clear_obstacle(struct placer *placer, struct place *place);

/* Record that `path` cannot be made, with errno. */
int fail_make(const char *path);
bool is_whiteout(const struct stat *st);

#endif
