/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/mount.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/err.h"
#include "base/path.h"
#include "box/cgroupfs.h"
#include "box/copyup.h"
#include "box/dev.h"
#include "box/events.h"
#include "box/mountfs.h"
#include "box/remount.h"
#include "box/tree.h"

/* What lxcfs(1) has an own view of; everything else in /proc is the kernel's alone. */
static const char *const lxcfs_files[] = {
	"/proc/cpuinfo",  "/proc/diskstats",    "/proc/loadavg",     "/proc/meminfo",
	"/proc/slabinfo", "/proc/stat",         "/proc/swaps",       "/proc/uptime",
	"/proc/net/dev",  "/proc/pressure/cpu", "/proc/pressure/io", "/proc/pressure/memory",
};

#define PROC_ROOT_INODE 1       /* linux/proc_fs.h */
#define MQUEUE_MAGIC 0x19800202 /* ipc/mqueue.c */

/* Places that the image mustn't redirect. */
static const char *const kernel_directories[] = { "/proc", "/sys", "/dev" };

static bool is_kernel_directory(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(kernel_directories); i++)
		if (strcmp(path, kernel_directories[i]) == 0)
			return true;
	return false;
}

static bool is_lxcfs_file(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(lxcfs_files); i++)
		if (strcmp(path, lxcfs_files[i]) == 0)
			return true;
	return false;
}

static int target_of_kernel(const struct rootfs *root, const char *path)
{
	int fd = openat(root->fd, path + 1, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT && mkdirat(root->fd, path + 1, 0755) == 0)
		fd = openat(root->fd, path + 1, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
		return refuse("'%s' of the root file system is a link or a file, not a directory",
			      path);
	return fd < 0 ? fail("cannot make the mount point '%s'", path) : fd;
}

static bool is_below_kernel_directory(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(kernel_directories); i++)
		if (path_is_within(path, kernel_directories[i]))
			return true;
	return false;
}

static bool is_kernels(unsigned long type)
{
	static const unsigned long types[] = { SYSFS_MAGIC, CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC,
					       DEVPTS_SUPER_MAGIC, MQUEUE_MAGIC };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (type == types[i])
			return true;
	return false;
}

/* Is it in one of our own file systems that have no type of their own? */
static bool is_in(int tree, const struct stat *st)
{
	struct stat root;

	return tree >= 0 && fstat(tree, &root) == 0 && root.st_dev == st->st_dev;
}

/* Wherever links of the image lead: a mount that ends up in /proc would stand for the kernel's word
 * (CVE-2019-16884), and one in /sys or /dev that nobody asked for would take the place of what
 * holds the container back. */
static int check_place(const struct rootfs *root, int target, const char *path)
{
	struct statfs fs;
	struct stat st;

	if (fstatfs(target, &fs) < 0 || fstat(target, &st) < 0)
		return fail("cannot look at the mount point '%s'", path);
	if (fs.f_type == PROC_SUPER_MAGIC && !is_lxcfs_file(path))
		return refuse("'%s' is a place in /proc: nothing is mounted there", path);
	if (is_below_kernel_directory(path))
		return 0;
	if (is_kernels((unsigned long)fs.f_type) || is_in(root->dev, &st) ||
	    is_in(root->cgroups, &st) || S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
		return refuse("links of the root file system lead from '%s' to a place in /sys or "
			      "/dev",
			      path);
	return 0;
}

/* On /proc itself only a procfs, with its own root. */
static int check_is_proc(int tree)
{
	struct statfs fs;
	struct stat st;

	if (fstatfs(tree, &fs) < 0 || fstat(tree, &st) < 0)
		return fail("cannot look at what is mounted on '/proc'");
	if (fs.f_type == PROC_SUPER_MAGIC && st.st_ino == PROC_ROOT_INODE)
		return 0;
	return refuse("nothing but the proc file system is mounted on '/proc'");
}

static int check_image_volume(const char *path)
{
	if (strcmp(path, "/") == 0)
		return refuse("the image wants a volume on '/'");
	if (is_below_kernel_directory(path))
		return refuse("the image wants a volume on '%s'", path);
	return 0;
}

static int target_open(const struct rootfs *root, const struct spec_mount *mount, const char *path,
		       bool directory)
{
	autoclose int fd = -1;

	if (strcmp(path, "/") == 0)
		return refuse("nothing can be mounted on '/'");
	if (mount->from_image)
		TRY(check_image_volume(path));
	if (is_kernel_directory(path))
		return target_of_kernel(root, path);
	fd = path_mount_target(root->fd, path, directory);
	TRY(fd);
	TRY(check_place(root, fd, path));
	return steal_fd(&fd);
}

/* Directly below our own /dev nothing can be in the way. */
static int attach_in_dev(const struct rootfs *root, int tree, const char *name)
{
	if (mkdirat(root->dev, name, 0755) < 0 && errno != EEXIST)
		return fail("cannot make '/dev/%s'", name);
	return tree_attach_at(tree, root->dev, name);
}

static bool is_directory(int tree)
{
	struct stat st;

	return fstat(tree, &st) < 0 || S_ISDIR(st.st_mode);
}

/* A volume becomes what the image has there, the directory itself as well; a tmpfs has options for
 * that. */
static int fill(int target, int tree, const struct spec_mount *mount, const char *path)
{
	const struct tree_change seal = { .set = mount->attr_set & MOUNT_ATTR_RDONLY };

	TRY(copyup(target, tree, path));
	if (strcmp(mount->type, "bind") != 0)
		return 0;
	TRY(copyup_top(target, tree, path));
	return mount->chown ? 0 : tree_change(tree, &seal, path);
}

int mount_place(const struct rootfs *root, int tree, const struct spec_mount *mount, bool directory)
{
	autofree char *path = path_clean(mount->destination);
	autoclose int target = -1;

	if (directory && root->dev >= 0 && strncmp(path, "/dev/", 5) == 0 &&
	    strchr(path + 5, '/') == NULL)
		return attach_in_dev(root, tree, path + 5);
	target = target_open(root, mount, path, directory);
	TRY(target);
	if (strcmp(path, "/proc") == 0)
		TRY(check_is_proc(tree));
	if (mount->tmpcopyup)
		TRY(fill(target, tree, mount, path));
	return tree_attach(tree, target, path);
}

static int make_filesystem(const struct spec *spec, const struct spec_mount *mount,
			   const struct rootfs *root)
{
	int tree;

	if (strcmp(mount->type, "cgroup") == 0 || strcmp(mount->type, "cgroup2") == 0)
		tree = cgroupfs_new(spec, root->cgroup, mount);
	else
		tree = mountfs_new(spec, root, mount);
	TRY(tree);
	TRY(events_apply(tree, mount, events_otherwise(spec)));
	return tree;
}

static int mount_filesystem(const struct spec *spec, const struct spec_mount *mount,
			    struct rootfs *root, int *ret_tree)
{
	int tree = make_filesystem(spec, mount, root);

	if (tree == -ENOENT && strncmp(mount->type, "cgroup", 6) == 0)
		return 0;
	TRY(tree);
	TRY(mount_place(root, tree, mount, true));
	*ret_tree = tree;
	if (strcmp(mount->destination, "/sys/fs/cgroup") == 0)
		root->cgroups = tree;
	if (strncmp(mount->type, "cgroup", 6) == 0)
		return cgroupfs_fill(tree, root->cgroup, mount);
	/* With options it may show less than berth needs. */
	if (strcmp(mount->destination, "/proc") == 0 && mount->data.n == 0)
		root->proc = tree;
	if (strcmp(mount->destination, "/dev/pts") == 0)
		root->pts = tree;
	/* A devtmpfs is the host's, where nothing is to be made. */
	if (strcmp(mount->destination, "/dev") == 0 && strcmp(mount->type, "tmpfs") == 0) {
		root->dev = tree;
		return dev_make(spec, root);
	}
	return 0;
}

static int mount_one(const struct spec *spec, const struct sources *sources, size_t i,
		     struct rootfs *root)
{
	const struct spec_mount *mount = &spec->mounts.v[i];
	int tree = sources->mounts[i];

	if (mount->remount)
		return remount_apply(root, mount);
	if (tree < 0)
		return mount_filesystem(spec, mount, root, &sources->mounts[i]);
	TRY(mount_place(root, tree, mount, is_directory(tree)));
	/* mount_place() has seen that it is one. */
	if (strcmp(mount->destination, "/proc") == 0)
		root->proc = tree;
	return 0;
}

int mount_all(const struct spec *spec, const struct sources *sources, struct rootfs *root)
{
	for (size_t i = 0; i < spec->mounts.n; i++) {
		int rc = mount_one(spec, sources, i, root);

		if (rc < 0)
			return spec_mount_fail(&spec->mounts.v[i], rc);
	}
	if (root->proc < 0)
		root->proc = mountfs_proc(spec);
	return root->proc;
}

int mount_seal(const struct spec *spec, const struct sources *sources)
{
	const struct tree_change change = { .set = MOUNT_ATTR_RDONLY };

	for (size_t i = 0; i < spec->mounts.n; i++) {
		const struct spec_mount *mount = &spec->mounts.v[i];

		if (mountfs_is_sealed_late(mount))
			TRY(tree_change(sources->mounts[i], &change, mount->destination));
	}
	return 0;
}
