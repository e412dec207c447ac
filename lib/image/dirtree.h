/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_DIRTREE_H
#define BERTH_IMAGE_DIRTREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

/*
 * The directories that were made below one root, by name and by inode: who writes many files there
 * finds the descriptor of a file's directory without resolving a path again. Nobody else changes
 * that tree; a directory is still compared with what was made (device, inode) whenever it is
 * opened, and only symbolic links, which the kernel resolves inside the root, lead anywhere else.
 *
 * A directory is a number; the root is DIRTREE_ROOT, and a parent has a smaller number than what is
 * in it.
 */
#define DIRTREE_ROOT 0U
#define DIRTREE_FDS 192 /* descriptors that are kept open */

/* What is known of a directory, and what it is to get in the end. */
struct dirnode {
	uint32_t parent, child, sibling; /* UINT32_MAX: none */
	uint32_t name_next, inode_next;  /* in the chains of the tables */
	uint32_t name;                   /* offset in names */
	uint32_t path_len;               /* at most MAX_TAR_PATH */
	uint16_t slot;                   /* of the open descriptor; DIRTREE_FDS: closed */
	bool gone;                       /* it was removed */
	bool opaque;
	uint16_t mode;
	uint32_t uid, gid;
	uint32_t mtime_nsec;
	int64_t mtime;
	uint64_t inode;
};

struct dirtree {
	int root;
	dev_t dev;
	struct {
		struct dirnode *v;
		size_t n;
	} nodes;
	struct buf names;
	uint32_t *by_name, *by_inode; /* heads of chains; n_chains each, a power of two */
	size_t n_chains;
	uint64_t seed;
	struct {
		int fd;
		uint32_t node;
		uint64_t used;
	} slots[DIRTREE_FDS];
	size_t n_slots;
	uint64_t clock;
};

/* root stays the caller's and must be open as long as the tree is. */
int dirtree_init(struct dirtree *tree, int root);
void dirtree_release(struct dirtree *tree);
/* Directory `name` (len bytes) in `parent`: its number, or UINT32_MAX where there is none. */
uint32_t dirtree_find(const struct dirtree *tree, uint32_t parent, const char *name, size_t len);
/* The directory with this inode, which was found by following links. */
uint32_t dirtree_find_inode(const struct dirtree *tree, uint64_t inode);
/* Make directory `name`, which must not exist (-EEXIST, with nothing recorded). */
int dirtree_make(struct dirtree *tree, uint32_t parent, const char *name, mode_t mode,
		 uint32_t *ret_node);
/* Remove it with all that is in it. */
int dirtree_remove(struct dirtree *tree, uint32_t node);
/* Its descriptor, for reading. It is the tree's, and stays open until this was called for
 * DIRTREE_FDS - 1 others. */
int dirtree_fd(struct dirtree *tree, uint32_t node);

#endif
