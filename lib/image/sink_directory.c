/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/bounds.h"
#include "base/err.h"
#include "base/path.h"
#include "image/sink_place.h"

#define SPACE_STEP (16ULL << 20) /* bytes between two looks at the free space */
#define SPACE_RESERVE 20         /* a part of 1/20 of the free space is not touched */

struct sink_directory {
	struct sink base;
	struct placer placer;
	bool keep_owners;
	uint64_t written, budget,
		look_at;  /* bytes; look_at: when to look at the free space again */
	uint64_t reserve; /* bytes that stay free */
	/* The file that is being written. */
	int fd;
	uint64_t offset;
	struct tar_entry file;
	char *file_path;
};

static struct sink_directory *of(struct sink *sink)
{
	return (struct sink_directory *)(void *)sink;
}

static int look_at_space(struct sink_directory *sink)
{
	struct statvfs fs;
	uint64_t available;

	if (fstatvfs(sink->placer.tree.root, &fs) < 0)
		return fail("cannot find out how much space is free");
	available = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (sink->written == 0)
		sink->reserve = available / SPACE_RESERVE;
	if (sink->written > sink->budget) {
		return refuse_with(EFBIG, "the layer is larger than %llu bytes when it is unpacked",
				   (unsigned long long)sink->budget);
	}
	if (available < sink->reserve) {
		refuse_with(ENOSPC, "the file system of the store is full");
		hint("free some space, or choose another directory with --root");
		return -ENOSPC;
	}
	sink->look_at = sink->written + SPACE_STEP;
	return 0;
}

static int keep_owner(struct sink_directory *sink, int fd, const char *path, uint32_t uid,
		      uint32_t gid)
{
	char text[24];
	int len = snprintf(text, sizeof(text), "%u:%u", uid, gid);

	if (fsetxattr(fd, SINK_OWNER_XATTR, text, (size_t)len, 0) == 0)
		return 0;
	if (errno != EOPNOTSUPP)
		return fail("cannot keep the owner of '%s'", path);
	sink->base.xattrs_left_out++;
	return 0;
}

/* Owner and mode of an open file whose owner is 0:0 and whose mode is have_mode; the order matters,
 * a change of the owner takes set-id bits away. */
static int set_owner_and_mode(struct sink_directory *sink, int fd, const char *path,
			      const struct tar_entry *entry, uint32_t have_mode)
{
	if (entry->uid != 0 || entry->gid != 0) {
		if (sink->keep_owners)
			TRY(keep_owner(sink, fd, path, entry->uid, entry->gid));
		else if (fchown(fd, entry->uid, entry->gid) < 0)
			return fail("cannot set the owner of '%s' to %u:%u", path, entry->uid,
				    entry->gid);
	}
	if (entry->mode != have_mode && fchmod(fd, entry->mode) < 0)
		return fail("cannot set the mode of '%s' to %04o", path, entry->mode);
	return 0;
}

static int set_xattrs(struct sink_directory *sink, int fd, const char *path,
		      const struct tar_entry *entry)
{
	for (size_t i = 0; i < entry->n_xattrs; i++) {
		const struct pax_xattr *xattr = &entry->xattrs[i];

		if (fsetxattr(fd, xattr->name, xattr->value, xattr->len, 0) == 0)
			continue;
		if (errno != EOPNOTSUPP)
			return fail("cannot set the attribute '%s' of '%s'", xattr->name, path);
		sink->base.xattrs_left_out++;
	}
	return 0;
}

static void set_times(const struct tar_entry *entry, struct timespec times[2])
{
	times[0].tv_sec = entry->mtime;
	times[0].tv_nsec = entry->mtime_nsec;
	times[1] = times[0];
}

/* Owner and times of what cannot be opened. */
static int finish_name(struct sink_directory *sink, const struct place *place,
		       const struct tar_entry *entry)
{
	struct timespec times[2];

	if ((entry->uid != 0 || entry->gid != 0) && !sink->keep_owners &&
	    fchownat(place->fd, place->name, entry->uid, entry->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return fail("cannot set the owner of '%s' to %u:%u", place->path, entry->uid,
			    entry->gid);
	set_times(entry, times);
	if (utimensat(place->fd, place->name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return fail("cannot set the time of '%s'", place->path);
	return 0;
}

static int remember(struct sink_directory *sink, uint32_t index, const char *path,
		    const struct tar_entry *entry)
{
	struct dirnode *node = &sink->placer.tree.nodes.v[index];

	node->mode = (uint16_t)entry->mode;
	node->uid = entry->uid;
	node->gid = entry->gid;
	node->mtime = entry->mtime;
	node->mtime_nsec = entry->mtime_nsec;
	if (entry->n_xattrs != 0) {
		int fd = dirtree_fd(&sink->placer.tree, index);

		TRY(fd);
		TRY(set_xattrs(sink, fd, path, entry));
	}
	return 0;
}

static int sink_directory(struct sink *base, const char *path, const struct tar_entry *entry)
{
	struct sink_directory *sink = of(base);
	bool covered = false;
	struct place place;
	struct stat st;
	uint32_t node;
	int rc;

	if (*path == '\0')
		return remember(sink, DIRTREE_ROOT, path, entry);
	TRY(placer_find(&sink->placer, path, entry, &place));
	node = dirtree_find(&sink->placer.tree, place.node, place.name, strlen(place.name));
	if (node == UINT32_MAX) {
		rc = placer_make_directory(&sink->placer, place.node, place.name, entry, &node);
		if (rc == -EEXIST) {
			covered = fstatat(place.fd, place.name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
				  is_whiteout(&st);
			TRY(placer_clear(&sink->placer, &place));
			rc = placer_make_directory(&sink->placer, place.node, place.name, entry,
						   &node);
		}
		if (rc < 0)
			return fail_in(rc, "cannot make '%s'", path);
		sink->placer.tree.nodes.v[node].opaque = covered;
	}
	return remember(sink, node, path, entry);
}

static int sink_symlink(struct sink *base, const char *path, const struct tar_entry *entry)
{
	struct sink_directory *sink = of(base);
	struct place place;

	TRY(placer_find(&sink->placer, path, entry, &place));
	while (symlinkat(entry->link, place.fd, place.name) < 0)
		TRY(placer_clear_obstacle(&sink->placer, &place));
	return finish_name(sink, &place, entry);
}

static int sink_fifo(struct sink *base, const char *path, const struct tar_entry *entry)
{
	struct sink_directory *sink = of(base);
	struct place place;

	TRY(placer_find(&sink->placer, path, entry, &place));
	while (mknodat(place.fd, place.name, S_IFIFO | (entry->mode & 0777), 0) < 0)
		TRY(placer_clear_obstacle(&sink->placer, &place));
	return finish_name(sink, &place, entry);
}

/* A link to a symbolic link: a second one that says the same. */
static int copy_symlink(struct sink_directory *sink, const struct place *from, struct place *to,
			const struct stat *st)
{
	const struct tar_entry entry = {
		.uid = st->st_uid,
		.gid = st->st_gid,
		.mtime = st->st_mtim.tv_sec,
		.mtime_nsec = (uint32_t)st->st_mtim.tv_nsec,
	};
	char target[MAX_TAR_LINK + 1];
	ssize_t len = readlinkat(from->fd, from->name, target, sizeof(target));

	if (len < 0 || (size_t)len == sizeof(target))
		return fail("cannot read the link '%s'", from->path);
	target[len] = '\0';
	while (symlinkat(target, to->fd, to->name) < 0)
		TRY(placer_clear_obstacle(&sink->placer, to));
	return finish_name(sink, to, &entry);
}

static int no_target(const char *path, const char *target)
{
	refuse_with(ENOENT, "the hard link '%s' leads to '%s', which is no file of this layer",
		    path, target);
	hint("rebuild the image so that the layer has the file itself");
	return -ENOENT;
}

static int find_target(struct sink_directory *sink, const char *path, const char *target,
		       const struct tar_entry *entry, struct place *ret_place, struct stat *ret_st)
{
	if (*target == '\0')
		return no_target(path, target);
	TRY(placer_find(&sink->placer, target, entry, ret_place));
	if (fstatat(ret_place->fd, ret_place->name, ret_st, AT_SYMLINK_NOFOLLOW) == 0)
		return S_ISREG(ret_st->st_mode) || S_ISLNK(ret_st->st_mode)
			       ? 0
			       : no_target(path, target);
	return errno == ENOENT ? no_target(path, target) : fail("cannot look at '%s'", target);
}

static int sink_hard_link(struct sink *base, const char *path, const char *target,
			  const struct tar_entry *entry)
{
	struct sink_directory *sink = of(base);
	struct stat st = { 0 }, there;
	struct place from, to;

	TRY(find_target(sink, path, target, entry, &from, &st));
	TRY(placer_find(&sink->placer, path, entry, &to));
	from.fd = dirtree_fd(&sink->placer.tree, from.node);
	TRY(from.fd);
	/* Replacing a name by itself would lose the file. */
	if (fstatat(to.fd, to.name, &there, AT_SYMLINK_NOFOLLOW) == 0 && there.st_ino == st.st_ino)
		return 0;
	if (S_ISLNK(st.st_mode))
		return copy_symlink(sink, &from, &to, &st);
	while (linkat(from.fd, from.name, to.fd, to.name, 0) < 0) {
		int rc = placer_clear_obstacle(&sink->placer, &to);

		if (rc == -EMLINK)
			hint("the file system of the store does not take that many hard links");
		TRY(rc);
		from.fd = dirtree_fd(&sink->placer.tree, from.node);
		TRY(from.fd);
	}
	return 0;
}

static int sink_file(struct sink *base, const char *path, const struct tar_entry *entry)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	struct sink_directory *sink = of(base);
	struct place place;

	TRY(placer_find(&sink->placer, path, entry, &place));
	while ((sink->fd = openat(place.fd, place.name, flags, entry->mode & 0777)) < 0)
		TRY(placer_clear_obstacle(&sink->placer, &place));
	sink->offset = 0;
	sink->file = *entry;
	xreplace(&sink->file_path, path);
	return 0;
}

static int sink_data(struct sink *base, const void *bytes, size_t len, uint64_t offset)
{
	struct sink_directory *sink = of(base);
	const char *at = bytes;

	if (offset != sink->offset && lseek(sink->fd, (off_t)offset, SEEK_SET) < 0)
		return fail("cannot seek in '%s'", sink->file_path);
	sink->offset = offset + len;
	sink->written += len;
	if (sink->written > sink->look_at)
		TRY(look_at_space(sink));
	while (len != 0) {
		ssize_t n = write(sink->fd, at, len);

		if (n < 0)
			return fail_make(sink->file_path);
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

static int sink_file_end(struct sink *base)
{
	struct sink_directory *sink = of(base);
	const struct tar_entry *entry = &sink->file;
	struct timespec times[2];

	if (sink->offset < entry->size && ftruncate(sink->fd, (off_t)entry->size) < 0)
		return fail_make(sink->file_path);
	TRY(set_owner_and_mode(sink, sink->fd, sink->file_path, entry, entry->mode & 0777));
	/* Writing and a change of the owner would take security.capability away. */
	TRY(set_xattrs(sink, sink->fd, sink->file_path, entry));
	set_times(entry, times);
	if (futimens(sink->fd, times) < 0)
		return fail("cannot set the time of '%s'", sink->file_path);
	if (close(steal_fd(&sink->fd)) < 0)
		return fail_make(sink->file_path);
	return 0;
}

static int sink_whiteout(struct sink *base, const char *path)
{
	struct sink_directory *sink = of(base);
	struct place place;
	uint32_t node;
	int rc = placer_find(&sink->placer, path, NULL, &place);

	/* 1: what it hides is hidden by another one already. */
	if (rc != 0)
		return rc < 0 ? rc : 0;
	node = dirtree_find(&sink->placer.tree, place.node, place.name, strlen(place.name));
	if (node != UINT32_MAX) {
		sink->placer.tree.nodes.v[node].opaque = true;
		return 0;
	}
	/* The device 0/0 is no device: it needs no privilege since Linux 5.8. */
	if (mknodat(place.fd, place.name, S_IFCHR, makedev(0, 0)) == 0 || errno == EEXIST)
		return 0;
	if (errno == EPERM) {
		fail("cannot make the whiteout '%s'", path);
		hint("the store wants Linux 5.8 and a local file system that is no overlay "
		     "itself: choose another directory with --root");
		return -EPERM;
	}
	return fail_make(path);
}

static int sink_opaque(struct sink *base, const char *path)
{
	struct sink_directory *sink = of(base);
	uint32_t node;
	int rc = placer_walk(&sink->placer, path, strlen(path), NULL, &node);

	if (rc != 0)
		return rc < 0 ? rc : 0;
	sink->placer.tree.nodes.v[node].opaque = true;
	return 0;
}

static int finish_directory(struct sink_directory *sink, uint32_t index)
{
	const struct dirnode *node = &sink->placer.tree.nodes.v[index];
	const char *name = sink->placer.tree.names.data + node->name;
	const struct tar_entry entry = {
		.mode = node->mode,
		.uid = node->uid,
		.gid = node->gid,
		.mtime = node->mtime,
		.mtime_nsec = node->mtime_nsec,
	};
	int fd = dirtree_fd(&sink->placer.tree, index);
	struct timespec times[2];
	struct stat st;

	TRY(fd);
	if (fstat(fd, &st) < 0)
		return fail("cannot look at the directory '%s'", name);
	if (node->opaque && fsetxattr(fd, SINK_OPAQUE_XATTR, "y", 1, 0) < 0) {
		int rc = fail("cannot hide what lower layers have in '%s'", name);

		if (rc == -EOPNOTSUPP)
			hint("the file system of the store has no extended attributes of users; "
			     "choose another directory with --root");
		return rc;
	}
	TRY(set_owner_and_mode(sink, fd, name, &entry, st.st_mode & 07777));
	set_times(&entry, times);
	if (futimens(fd, times) < 0)
		return fail("cannot set the time of the directory '%s'", name);
	return 0;
}

/* What is in a directory is finished before it, as its mode may close it. */
static int sink_finish(struct sink *base)
{
	struct sink_directory *sink = of(base);

	for (size_t i = sink->placer.tree.nodes.n; i-- > 0;)
		if (!sink->placer.tree.nodes.v[i].gone)
			TRY(finish_directory(sink, (uint32_t)i));
	return 0;
}

static void sink_release(struct sink *base)
{
	struct sink_directory *sink = of(base);

	if (sink->fd >= 0)
		close(sink->fd);
	free(sink->file_path);
	placer_release(&sink->placer);
	free(sink);
}

static const struct sink_ops directory_ops = {
	.directory = sink_directory,
	.symlink = sink_symlink,
	.fifo = sink_fifo,
	.hard_link = sink_hard_link,
	.file = sink_file,
	.data = sink_data,
	.file_end = sink_file_end,
	.whiteout = sink_whiteout,
	.opaque = sink_opaque,
	.finish = sink_finish,
	.release = sink_release,
};

int sink_directory_make(int root, bool keep_owners, uint64_t budget, struct sink **ret_sink)
{
	struct sink_directory *sink = xcalloc(1, sizeof(*sink));
	int rc;

	sink->base.ops = &directory_ops;
	sink->keep_owners = keep_owners;
	sink->budget = budget;
	sink->fd = -1;
	rc = placer_init(&sink->placer, root);
	if (rc >= 0)
		rc = look_at_space(sink);
	if (rc < 0)
		sink_release(&sink->base);
	else
		*ret_sink = &sink->base;
	return rc;
}
