/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_SINK_H
#define BERTH_IMAGE_SINK_H

#include <stddef.h>
#include <stdint.h>

#include "base/idmap.h"
#include "image/tar.h"

/*
 * Where the entries of a layer go. Paths are clean: relative to the root of the layer, no "." or
 * "..", no doubled or trailing slash; "" is the root. Symbolic links on the way to the last
 * component are followed inside the root; the last component never is: what is there is replaced,
 * but a directory by a directory. Directories that are missing on the way are made, 0755 and of
 * root, with the time of the entry.
 *
 * Of the struct tar_entry only size, mode, uid, gid, mtime and xattrs count here (the latter are
 * all to be set).
 */
struct sink;

struct sink_ops {
	int (*directory)(struct sink *sink, const char *path, const struct tar_entry *entry);
	int (*symlink)(struct sink *sink, const char *path, const struct tar_entry *entry);
	int (*fifo)(struct sink *sink, const char *path, const struct tar_entry *entry);
	/* To a file of this layer; `target` is a path as well. -ENOENT where it has none there,
	 * with the error recorded. */
	int (*hard_link)(struct sink *sink, const char *path, const char *target,
			 const struct tar_entry *entry);
	/* A file, then its data in order (holes are left out), then its end. */
	int (*file)(struct sink *sink, const char *path, const struct tar_entry *entry);
	int (*data)(struct sink *sink, const void *bytes, size_t len, uint64_t offset);
	int (*file_end)(struct sink *sink);
	/* Nothing of lower layers is to be seen under this name; what this layer has there stays.
	 */
	int (*whiteout)(struct sink *sink, const char *path);
	/* The directory shows nothing of lower layers. */
	int (*opaque)(struct sink *sink, const char *path);
	/* After the last entry. */
	int (*finish)(struct sink *sink);
	void (*release)(struct sink *sink);
};

struct sink {
	const struct sink_ops *ops;
	uint64_t xattrs_left_out; /* that the file system could not take */
};

/*
 * A sink that makes files below the directory `root` (which stays the caller's), with whiteouts as
 * overlayfs takes them under `userxattr`. umask(2) must be 0. keep_owners: owners cannot be set
 * (TIER_SINGLE), they are kept in extended attributes. budget: bytes that may be written; it is
 * cut to what the file system has free. To be given to ops->release(), which frees it.
 */
int sink_directory_make(int root, bool keep_owners, uint64_t budget, struct sink **ret_sink);

#define SINK_OWNER_XATTR "user.berth.owner"
#define SINK_OPAQUE_XATTR "user.overlay.opaque"

#endif
