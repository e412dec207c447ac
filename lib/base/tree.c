/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <linux/openat2.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/vec.h"

/*
 * Walking trees whose depth nobody limits: neither the stack nor the number of descriptors grows
 * with it. One directory is open at a time; a frame on the heap keeps what is left to do in each
 * directory above, and its identity, which is compared when ".." leads back there.
 */
struct frame {
	struct strvec dirs; /* subdirectories that are still to be visited; the last one first */
	dev_t dev;
	ino_t ino;
};

struct walk {
	int top;          /* the caller's directory, which holds the tree */
	const char *path; /* of the tree, for messages */
	enum { MEASURE, REMOVE, OWN } verb;
	uint64_t bytes;
	void *linked; /* MEASURE: the files with several names that were counted */
	uid_t uid;    /* OWN */
	gid_t gid;
	int fd; /* the directory that the last frame stands for */
	struct frame *v;
	size_t n;
};

static const char *const verbs[] = { "measure", "remove", "change the owner of" };

static void walk_release(struct walk *walk)
{
	for (size_t i = 0; i < walk->n; i++)
		strvec_release(&walk->v[i].dirs);
	free(walk->v);
	tdestroy(walk->linked, free);
	if (walk->fd >= 0)
		close(walk->fd);
}

/* The tree's own path may lead through mounts; below it a mount, even of the same file system, is
 * not part of the tree. */
static int open_dir(int dirfd, const char *name, bool is_top)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = (is_top ? 0 : RESOLVE_NO_XDEV) | RESOLVE_NO_MAGICLINKS,
	};

	return (int)syscall(SYS_openat2, dirfd, name, &how, sizeof(how));
}

/* Give the owner access to a directory that cannot be opened. */
static int open_closed_dir(int dirfd, const char *name, bool is_top)
{
	autoclose int fd = openat(dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char link[40];

	if (fd < 0)
		return -1;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (chmod(link, 0700) < 0)
		return -1;
	return open_dir(dirfd, name, is_top);
}

/* The name of a file in a directory deep inside means little alone: the message has the tree's. */
static int fail_at(const struct walk *walk, const char *what, const char *name)
{
	if (errno == EXDEV)
		return refuse_with(EBUSY, "cannot %s '%s': a file system is mounted on '%s'", what,
				   walk->path, name);
	return fail("cannot %s '%s': '%s'", what, walk->path, name);
}

/* Returns 1 for what is mounted there and is only to be measured: it is not part of the tree. */
static int walk_enter(struct walk *walk, int dirfd, const char *name)
{
	bool is_top = walk->n == 0;
	int fd = open_dir(dirfd, name, is_top);
	struct frame *frame;
	struct stat st;

	if (fd < 0 && errno == EACCES && walk->verb == REMOVE)
		fd = open_closed_dir(dirfd, name, is_top);
	if (fd < 0 && errno == EXDEV && walk->verb == MEASURE)
		return 1;
	if (fd < 0)
		return fail_at(walk, verbs[walk->verb], name);
	if (walk->fd >= 0)
		close(walk->fd);
	walk->fd = fd;
	if (fstat(fd, &st) < 0)
		return fail_at(walk, "measure", name);
	/* Where that is not allowed the unlink says why. */
	if (walk->verb == REMOVE && (st.st_mode & 0700) != 0700)
		(void)!fchmod(fd, 0700);
	frame = VEC_PUSH(walk);
	frame->dev = st.st_dev;
	frame->ino = st.st_ino;
	return 0;
}

/* Back to the directory above; refused where the tree was moved meanwhile. */
static int walk_leave(struct walk *walk)
{
	struct frame *above;
	struct stat st;
	int fd;

	strvec_release(&walk->v[--walk->n].dirs);
	if (walk->n == 0) {
		close(steal_fd(&walk->fd));
		return 0;
	}
	above = &walk->v[walk->n - 1];
	fd = openat(walk->fd, "..", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return fail_at(walk, "walk", "..");
	close(walk->fd);
	walk->fd = fd;
	if (fstat(fd, &st) < 0)
		return fail_at(walk, "walk", "..");
	if (st.st_dev != above->dev || st.st_ino != above->ino)
		return refuse_with(EBUSY, "'%s' was moved while it was walked", walk->path);
	return 0;
}

static int remove_entry(struct walk *walk, const char *name, unsigned char type)
{
	struct frame *frame = &walk->v[walk->n - 1];

	if (type != DT_DIR) {
		if (unlinkat(walk->fd, name, 0) == 0 || errno == ENOENT)
			return 0;
		if (errno != EISDIR && (errno != EPERM || type != DT_UNKNOWN))
			return fail_at(walk, "remove", name);
	}
	if (unlinkat(walk->fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST && errno != EACCES)
		return fail_at(walk, "remove", name);
	strvec_push(&frame->dirs, name);
	return 0;
}

/* Nothing is done for what belongs to them already: that may be a million files. */
static int own(int dirfd, const char *name, const struct stat *st, const struct walk *walk)
{
	if (st->st_uid == walk->uid && st->st_gid == walk->gid)
		return 0;
	if (fchownat(dirfd, name, walk->uid, walk->gid, AT_SYMLINK_NOFOLLOW) == 0 ||
	    errno == ENOENT) /* others are at work there */
		return 0;
	return -1;
}

static int own_entry(struct walk *walk, const char *name)
{
	struct stat st;
	int fd;

	if (fstatat(walk->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : fail_at(walk, verbs[OWN], name);
	if (S_ISDIR(st.st_mode)) {
		/* What is mounted there is left alone. */
		fd = open_dir(walk->fd, name, false);
		if (fd < 0 && (errno == EXDEV || errno == ENOENT))
			return 0;
		if (fd < 0)
			return fail_at(walk, verbs[OWN], name);
		close(fd);
		strvec_push(&walk->v[walk->n - 1].dirs, name);
	}
	return own(walk->fd, name, &st, walk) == 0 ? 0 : fail_at(walk, verbs[OWN], name);
}

static int compare_inodes(const void *a, const void *b)
{
	const ino_t left = *(const ino_t *)a, right = *(const ino_t *)b;

	return left < right ? -1 : left > right;
}

/* A file counts once, under whichever of its names is met first. */
static bool is_counted(struct walk *walk, const struct stat *st)
{
	ino_t *inode, **found;

	if (S_ISDIR(st->st_mode) || st->st_nlink < 2)
		return false;
	inode = xalloc(sizeof(*inode));
	*inode = st->st_ino;
	found = tsearch(inode, &walk->linked, compare_inodes);
	if (found == NULL)
		out_of_memory();
	if (*found == inode)
		return false;
	free(inode);
	return true;
}

static int measure_entry(struct walk *walk, const char *name)
{
	struct stat st;

	if (fstatat(walk->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : fail_at(walk, "measure", name);
	if (!is_counted(walk, &st))
		walk->bytes += (uint64_t)st.st_blocks * 512;
	if (S_ISDIR(st.st_mode) && st.st_dev == walk->v[walk->n - 1].dev)
		strvec_push(&walk->v[walk->n - 1].dirs, name);
	return 0;
}

static int walk_read(struct walk *walk)
{
	autodir DIR *dir = NULL;
	struct dirent *entry;
	int fd = fcntl(walk->fd, F_DUPFD_CLOEXEC, 3);

	if (fd < 0)
		return fail_at(walk, "read", ".");
	dir = fdopendir(fd);
	if (dir == NULL) {
		close(fd);
		return fail_at(walk, "read", ".");
	}
	while (errno = 0, (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (walk->verb == REMOVE)
			TRY(remove_entry(walk, entry->d_name, entry->d_type));
		else if (walk->verb == OWN)
			TRY(own_entry(walk, entry->d_name));
		else
			TRY(measure_entry(walk, entry->d_name));
	}
	return errno == 0 ? 0 : fail_at(walk, "read", ".");
}

/* The last subdirectory of the current one; its name stays in the frame, to remove it by. */
static int walk_down(struct walk *walk)
{
	struct strvec *dirs = &walk->v[walk->n - 1].dirs;
	int rc = walk_enter(walk, walk->fd, dirs->v[dirs->n - 1]);

	/* What somebody else removed meanwhile is not there to be walked. */
	if (rc == -ENOENT) {
		err_clear();
		rc = 1;
	}
	if (rc > 0)
		strvec_remove(dirs, dirs->n - 1);
	return rc != 0 ? rc : walk_read(walk);
}

static int walk_up(struct walk *walk)
{
	struct strvec *dirs;

	TRY(walk_leave(walk));
	if (walk->n == 0)
		return 0;
	dirs = &walk->v[walk->n - 1].dirs;
	if (walk->verb == REMOVE && unlinkat(walk->fd, dirs->v[dirs->n - 1], AT_REMOVEDIR) < 0 &&
	    errno != ENOENT)
		return fail_at(walk, "remove", dirs->v[dirs->n - 1]);
	strvec_remove(dirs, dirs->n - 1);
	return 0;
}

static int walk_tree(struct walk *walk)
{
	int rc = walk_enter(walk, walk->top, walk->path);

	if (rc == 0)
		rc = walk_read(walk);
	while (rc >= 0 && walk->n > 0)
		rc = walk->v[walk->n - 1].dirs.n > 0 ? walk_down(walk) : walk_up(walk);
	return rc < 0 ? rc : 0;
}

int fs_remove_tree(int dirfd, const char *path)
{
	AUTO(walk) walk = { .top = dirfd, .path = path, .verb = REMOVE, .fd = -1 };

	if (unlinkat(dirfd, path, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return fail("cannot remove '%s'", path);
	if (unlinkat(dirfd, path, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST && errno != EACCES)
		return fail("cannot remove '%s'", path);
	TRY(walk_tree(&walk));
	if (unlinkat(dirfd, path, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return fail("cannot remove '%s'", path);
	return 0;
}

int fs_disk_usage(int dirfd, const char *path, uint64_t *ret_bytes)
{
	AUTO(walk) walk = { .top = dirfd, .path = path, .fd = -1 };
	struct stat st;

	if (fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail("cannot measure '%s'", path);
	walk.bytes = (uint64_t)st.st_blocks * 512;
	if (S_ISDIR(st.st_mode))
		TRY(walk_tree(&walk));
	*ret_bytes = walk.bytes;
	return 0;
}

int fs_own_tree(int dirfd, const char *path, uid_t uid, gid_t gid)
{
	AUTO(walk)
	walk = { .top = dirfd, .path = path, .verb = OWN, .uid = uid, .gid = gid, .fd = -1 };
	struct stat st;

	if (fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) < 0 || own(dirfd, path, &st, &walk) < 0)
		return fail("cannot change the owner of '%s'", path);
	return S_ISDIR(st.st_mode) ? walk_tree(&walk) : 0;
}
