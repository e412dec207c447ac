/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/path.h"
#include "box/mount.h"
#include "box/tree.h"

/* What is not there needs no mask. */
static bool is_absent(int rc)
{
	return rc == -ENOENT || rc == -ENOTDIR;
}

static int target_open(const struct rootfs *root, const char *path, struct stat *ret_st)
{
	autoclose int fd = path_try_open_in_root(root->fd, path, O_PATH | O_NOFOLLOW);

	if (fd < 0 && is_absent(fd))
		return -ENOENT;
	if (fd < 0)
		return fail_with(fd, "cannot open '%s' to hide it", path);
	if (fstat(fd, ret_st) < 0)
		return fail("cannot look at '%s' to hide it", path);
	if (S_ISLNK(ret_st->st_mode))
		return refuse("'%s' is a symbolic link and cannot be hidden", path);
	return steal_fd(&fd);
}

/* What hides things: the first mask of each kind, of which the others are clones. */
struct covers {
	int directory, file;
};

static int empty_directory(int *empty)
{
	AUTO(strvec) data = STRVEC_INIT;
	uint64_t attr =
		MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

	if (*empty >= 0)
		return tree_clone(*empty, "", false);
	strvec_push(&data, "nr_inodes=2");
	strvec_push(&data, "size=4k");
	strvec_push(&data, "mode=555");
	*empty = tree_new("tmpfs", "mask", &data, attr);
	return *empty;
}

/* Read-only: that keeps nobody from writing to the device, and the container's root, who may be the
 * host's, from changing the mode, the owner and the times of the host's node. */
static int null_device(const struct rootfs *root, int *null)
{
	const struct tree_change change = { .set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
						   MOUNT_ATTR_NOEXEC };

	if (*null >= 0)
		return tree_clone(*null, "", false);
	*null = tree_clone(root->null, "", false);
	TRY(*null);
	TRY(tree_change(*null, &change, "/dev/null"));
	return *null;
}

/* The places that sysfs keeps for other file systems (debugfs, bpf, securityfs, ...) stay empty for
 * ever in an instance of the container's own. The kernel gives them this mode and no other
 * directory; that they are empty is looked at all the same. */
static bool is_mount_place(int target, const struct stat *st)
{
	autoclose int fd = -1;
	char entries[256];
	long len;

	if (!S_ISDIR(st->st_mode) || (st->st_mode & 07777) != 0555 || st->st_nlink != 2)
		return false;
	fd = openat(target, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* "." and "..", 24 bytes each. */
	len = fd < 0 ? -1 : syscall(SYS_getdents64, fd, entries, sizeof(entries));
	return len >= 0 && len <= 48;
}

/* In a user namespace what only the host's root may read is out of reach without a mask: the child
 * has every capability that the namespace can give, and no payload has more. */
static bool is_unreadable(const struct spec *spec, const struct rootfs *root, const char *path,
			  const struct stat *st)
{
	autoclose int fd = -1;

	if (spec->ns[NS_USER].mode == NS_HOST || !S_ISREG(st->st_mode) || (st->st_mode & 0077) != 0)
		return false;
	fd = path_try_open_in_root(root->fd, path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
	return fd == -EACCES || fd == -EPERM;
}

static int mask_one(const struct spec *spec, const struct rootfs *root, const char *path,
		    struct covers *covers)
{
	struct stat st;
	autoclose int target = target_open(root, path, &st);
	int tree;

	if (target == -ENOENT)
		return 0;
	TRY(target);
	if (is_mount_place(target, &st) || is_unreadable(spec, root, path, &st))
		return 0;
	tree = S_ISDIR(st.st_mode) ? empty_directory(&covers->directory)
				   : null_device(root, &covers->file);
	TRY(tree);
	return tree_attach(tree, target, path);
}

static int protect_one(const struct rootfs *root, const char *path)
{
	const struct tree_change change = { .set = MOUNT_ATTR_RDONLY, .recursive = true };
	struct stat st;
	autoclose int target = target_open(root, path, &st);
	int tree;

	if (target == -ENOENT)
		return 0;
	TRY(target);
	tree = tree_clone(target, "", true);
	TRY(tree);
	TRY(tree_change(tree, &change, path));
	return tree_attach(tree, target, path);
}

int mask_all(const struct spec *spec, const struct rootfs *root)
{
	struct covers covers = { -1, -1 };

	for (size_t i = 0; i < spec->readonly_paths.n; i++)
		TRY(protect_one(root, spec->readonly_paths.v[i]));
	for (size_t i = 0; i < spec->masked_paths.n; i++)
		TRY(mask_one(spec, root, spec->masked_paths.v[i], &covers));
	return 0;
}
