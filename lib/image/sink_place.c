/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/sink_place.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/path.h"

int fail_make(const char *path)
{
	int rc = fail("cannot make '%s'", path);

	if (rc == -ENOSPC || rc == -EDQUOT)
		hint("free some space, or choose another directory with --root");
	else if (rc == -ENAMETOOLONG)
		hint("the file system of the store does not take names that long");
	return rc;
}

/* A component that is no directory of ours is in the way. */
static int explain_obstacle(int rc, const char *path)
{
	if (rc == -ENOENT)
		return refuse("'%s' is below a symbolic link that leads nowhere", path);
	if (rc == -ENOTDIR)
		return refuse("'%s' is below something that is no directory", path);
	if (rc == -ELOOP)
		return refuse("'%s' is below a loop of symbolic links", path);
	return fail_with(rc, "cannot open the directory of '%s'", path);
}

/* The directory that a path with links in it leads to. Links into /proc, or out of the layer, lead
 * to nothing that was made here. */
static int follow(struct placer *placer, const char *dir, const char *path, uint32_t *ret_node)
{
	autoclose int fd = path_try_open_in_root(placer->tree.root, dir, O_PATH | O_DIRECTORY);
	struct stat st;

	if (fd < 0)
		return explain_obstacle(fd, path);
	if (fstat(fd, &st) < 0)
		return fail("cannot look at the directory of '%s'", path);
	*ret_node = dirtree_find_inode(&placer->tree, st.st_ino);
	if (*ret_node == UINT32_MAX || st.st_dev != placer->tree.dev)
		return refuse("'%s' leads out of the layer", path);
	return 0;
}

bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

int placer_make_directory(struct placer *placer, uint32_t parent, const char *name,
			  const struct tar_entry *entry, uint32_t *ret_node)
{
	struct dirnode *node;
	int rc = dirtree_make(&placer->tree, parent, name, 0700 | (entry->mode & 0777), ret_node);

	if (rc == -EEXIST)
		return rc;
	TRY(rc);
	node = &placer->tree.nodes.v[*ret_node];
	node->mode = IMPLIED_MODE;
	node->mtime = entry->mtime;
	node->mtime_nsec = entry->mtime_nsec;
	return 0;
}

/* A whiteout becomes a directory: the lower one stays hidden. */
static int uncover(struct placer *placer, uint32_t parent, const char *name,
		   const struct tar_entry *entry, uint32_t *ret_node)
{
	int fd = dirtree_fd(&placer->tree, parent);

	TRY(fd);
	if (unlinkat(fd, name, 0) < 0)
		return fail_make(name);
	TRY(placer_make_directory(placer, parent, name, entry, ret_node));
	placer->tree.nodes.v[*ret_node].opaque = true;
	return 0;
}

/* One component that is not known: made, or a link to be followed. dir is the path up to its end.
 */
static int enter_unknown(struct placer *placer, uint32_t parent, const char *dir, const char *path,
			 const struct tar_entry *entry, uint32_t *node)
{
	const char *slash = strrchr(dir, '/'), *name = slash != NULL ? slash + 1 : dir;
	const struct tar_entry implied = {
		.mode = IMPLIED_MODE,
		.mtime = entry != NULL ? entry->mtime : 0,
		.mtime_nsec = entry != NULL ? entry->mtime_nsec : 0,
	};
	struct stat st;
	int fd, rc;

	rc = placer_make_directory(placer, parent, name, &implied, node);
	if (rc != -EEXIST)
		return rc;
	fd = dirtree_fd(&placer->tree, parent);
	TRY(fd);
	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail_make(dir);
	if (!is_whiteout(&st))
		return follow(placer, dir, path, node);
	return entry != NULL ? uncover(placer, parent, name, &implied, node) : 1;
}

/* The directory at the first len bytes of path. */
int placer_walk(struct placer *placer, const char *path, size_t len, const struct tar_entry *entry,
		uint32_t *ret_node)
{
	uint32_t node = DIRTREE_ROOT;

	if (len == placer->last_dir.len && memcmp(path, placer->last_dir.data, len) == 0) {
		*ret_node = placer->last_node;
		return 0;
	}
	for (size_t start = 0; start < len;) {
		size_t end = start + strcspn(path + start, "/");
		uint32_t next = dirtree_find(&placer->tree, node, path + start, end - start);

		if (next == UINT32_MAX) {
			autofree char *dir = xstrndup(path, end);
			int rc = enter_unknown(placer, node, dir, path, entry, &next);

			if (rc != 0)
				return rc;
		}
		node = next;
		start = end + 1;
	}
	buf_clear(&placer->last_dir);
	buf_add(&placer->last_dir, path, len);
	placer->last_node = node;
	*ret_node = node;
	return 0;
}

int placer_find(struct placer *placer, const char *path, const struct tar_entry *entry,
		struct place *ret_place)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash != NULL ? (size_t)(slash - path) : 0;
	int rc = placer_walk(placer, path, len, entry, &ret_place->node);

	if (rc != 0)
		return rc;
	ret_place->path = path;
	ret_place->name = slash != NULL ? slash + 1 : path;
	ret_place->fd = dirtree_fd(&placer->tree, ret_place->node);
	return ret_place->fd < 0 ? ret_place->fd : 0;
}

/* Something is where an entry is to be made: the later one wins. */
int placer_clear(struct placer *placer, struct place *place)
{
	uint32_t node = dirtree_find(&placer->tree, place->node, place->name, strlen(place->name));

	/* What was remembered may have led through it. */
	buf_clear(&placer->last_dir);
	placer->last_node = DIRTREE_ROOT;
	if (node != UINT32_MAX) {
		TRY(dirtree_remove(&placer->tree, node));
		place->fd = dirtree_fd(&placer->tree, place->node);
		return place->fd < 0 ? place->fd : 0;
	}
	if (unlinkat(place->fd, place->name, 0) < 0)
		return fail("cannot replace '%s'", place->path);
	return 0;
}

/* The same after a call that failed; 1: try again. */
int placer_clear_obstacle(struct placer *placer, struct place *place)
{
	if (errno != EEXIST)
		return fail_make(place->path);
	TRY(placer_clear(placer, place));
	return 1;
}

int placer_init(struct placer *placer, int root)
{
	buf_init(&placer->last_dir);
	placer->last_node = DIRTREE_ROOT;
	TRY(dirtree_init(&placer->tree, root));
	placer->tree.nodes.v[DIRTREE_ROOT].mode = IMPLIED_MODE;
	return 0;
}

void placer_release(struct placer *placer)
{
	buf_release(&placer->last_dir);
	dirtree_release(&placer->tree);
}
