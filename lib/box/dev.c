/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/dev.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/err.h"
#include "base/path.h"
#include "box/tree.h"

struct node {
	const char *name;
	unsigned int major, minor;
};

static const struct node default_nodes[] = {
	{ "null", 1, 3 },   { "zero", 1, 5 },    { "full", 1, 7 },
	{ "random", 1, 8 }, { "urandom", 1, 9 }, { "tty", 5, 0 },
};

/* No "core": it would lead to the memory of the kernel. */
static const struct {
	const char *name, *target;
} links[] = {
	{ "fd", "/proc/self/fd" },       { "stdin", "/proc/self/fd/0" },
	{ "stdout", "/proc/self/fd/1" }, { "stderr", "/proc/self/fd/2" },
	{ "ptmx", "pts/ptmx" },
};

/* Of the host's /dev, with --privileged: file systems of their own, and what the container has of
 * its own. */
static const char *const not_from_host[] = {
	".",  "..",   "pts",     "shm",  "mqueue", "hugepages",
	"fd", "core", "console", "ptmx", ".udev",  ".lxc",
};

static bool node_is(const struct stat *st, mode_t type, unsigned int major, unsigned int minor)
{
	return (st->st_mode & S_IFMT) == type && st->st_rdev == makedev(major, minor);
}

int dev_open_null(void)
{
	autoclose int fd = open("/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return fail("cannot open '/dev/null'");
	if (!node_is(&st, S_IFCHR, 1, 3))
		return refuse("'/dev/null' of this host is not the null device");
	return steal_fd(&fd);
}

/* Bind a node of the host onto dirfd/name, where an empty file is made for it. What is bound is
 * checked by descriptor. Read-only: the device can be written to all the same, and the mode, the
 * owner and the times of the host's node stay as they are, even where the maps have its owner. */
static int bind_node(const char *source, const struct spec_device *device, int dirfd,
		     const char *name)
{
	autoclose int tree = tree_clone(AT_FDCWD, source, false);
	const struct tree_change change = { .set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID };
	mode_t type = device->type == 'b' ? S_IFBLK : S_IFCHR;
	struct stat st;

	TRY(tree);
	TRY(tree_change(tree, &change, source));
	if (fstat(tree, &st) < 0)
		return fail("cannot look at the device '%s'", source);
	if (!node_is(&st, type, device->major, device->minor))
		return refuse("'%s' of this host is not the device %c %u:%u", source, device->type,
			      device->major, device->minor);
	if (mknodat(dirfd, name, S_IFREG | 0644, 0) < 0 && errno != EEXIST)
		return fail("cannot make '%s' for a device", device->path);
	return tree_attach_at(tree, dirfd, name);
}

static int make_node(const struct spec_device *device, int dirfd, const char *name)
{
	mode_t type = device->type == 'b' ? S_IFBLK : device->type == 'p' ? S_IFIFO : S_IFCHR;
	mode_t mode = type | (device->mode & 07777);

	if (mknodat(dirfd, name, mode, makedev(device->major, device->minor)) < 0) {
		struct stat st;

		if (errno == EPERM)
			return -EPERM;
		/* From the last run of the same container, or asked for twice. */
		if (errno != EEXIST)
			return fail("cannot make the device '%s'", device->path);
		if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !node_is(&st, type, device->major, device->minor))
			return refuse_with(EEXIST, "something else is there already");
		/* One of the default devices, or asked for twice: as it was asked for last. */
		if ((st.st_mode & 07777) != device->mode &&
		    fchmodat(dirfd, name, device->mode & 07777, AT_SYMLINK_NOFOLLOW) < 0)
			return fail("cannot change the mode of the device '%s'", device->path);
	}
	if ((device->uid != 0 || device->gid != 0) &&
	    fchownat(dirfd, name, device->uid, device->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return fail("cannot change the owner of the device '%s'", device->path);
	return 0;
}

static int place_device(const struct spec *spec, const struct spec_device *device, int dirfd,
			const char *name)
{
	const char *source = device->source != NULL ? device->source : device->path;

	int rc = -EPERM;

	if (spec->ns[NS_USER].mode == NS_HOST || device->type == 'p')
		rc = make_node(device, dirfd, name);
	/* No nodes are made in a user namespace, be it the container's or one around us. */
	return rc != -EPERM ? rc : bind_node(source, device, dirfd, name);
}

static int make_default_nodes(const struct spec *spec, const struct rootfs *root)
{
	for (size_t i = 0; i < ARRAY_SIZE(default_nodes); i++) {
		const struct node *node = &default_nodes[i];
		char path[16];
		const struct spec_device device = { .path = path,
						    .type = 'c',
						    .major = node->major,
						    .minor = node->minor,
						    .mode = 0666 };

		snprintf(path, sizeof(path), "/dev/%s", node->name);
		TRY(place_device(spec, &device, root->dev, node->name));
	}
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		if (symlinkat(links[i].target, root->dev, links[i].name) < 0)
			return fail("cannot make '/dev/%s'", links[i].name);
	return 0;
}

/* Our /dev has no links of others, so that names in it may be followed. */
static int place_in_dev(const struct spec *spec, const struct rootfs *root,
			const struct spec_device *device, const char *relative)
{
	const char *name;
	autoclose int parent = path_open_parent_in_root(root->dev, relative, true, &name);

	TRY(parent);
	return place_device(spec, device, parent, name);
}

static bool is_there(int dirfd, const char *name, const struct spec_device *device)
{
	mode_t type = device->type == 'b' ? S_IFBLK : device->type == 'p' ? S_IFIFO : S_IFCHR;
	struct stat st;

	return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       node_is(&st, type, device->major, device->minor);
}

/* Links of the image may lead anywhere: into /proc, where nothing is bound, or into a directory of
 * the host, where a node would stay. */
static int place_elsewhere(const struct spec *spec, const struct rootfs *root,
			   const struct spec_device *device, const char *path)
{
	const char *name;
	autoclose int parent = path_open_parent_in_root(root->fd, path, true, &name);

	TRY(parent);
	/* A /dev of somebody else's is left as it is, and may have it. */
	if (path_is_within(path, "/dev") && is_there(parent, name, device))
		return 0;
	if (!path_is_same_mount(parent, root->fd))
		return refuse("that is in another file system than the root of the container");
	return place_device(spec, device, parent, name);
}

static int place_asked(const struct spec *spec, const struct rootfs *root, bool in_dev)
{
	for (size_t i = 0; i < spec->devices.n; i++) {
		const struct spec_device *device = &spec->devices.v[i];
		autofree char *path = path_clean(device->path);
		bool ours = root->dev >= 0 && strncmp(path, "/dev/", 5) == 0;
		int rc;

		if (ours != in_dev)
			continue;
		rc = ours ? place_in_dev(spec, root, device, path + 4)
			  : place_elsewhere(spec, root, device, path);
		if (rc < 0)
			return fail_in(rc, "device '%s'", device->path);
	}
	return 0;
}

static bool is_left_out(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(default_nodes); i++)
		if (strcmp(name, default_nodes[i].name) == 0)
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(not_from_host); i++)
		if (strcmp(name, not_from_host[i]) == 0)
			return true;
	return false;
}

static int copy_host_node(const struct spec *spec, const struct rootfs *root, const char *path,
			  const struct stat *st)
{
	struct spec_device device = { .path = (char *)path,
				      .type = S_ISBLK(st->st_mode) ? 'b' : 'c',
				      .major = major(st->st_rdev),
				      .minor = minor(st->st_rdev),
				      .mode = st->st_mode & 07777,
				      .uid = st->st_uid,
				      .gid = st->st_gid };

	return place_in_dev(spec, root, &device, path + 4);
}

/* Directories of the host's /dev are few and shallow (dri, net, snd, bus/usb/001). */
#define DEV_DEPTH_MAX 8

static int copy_host_directory(const struct spec *spec, const struct rootfs *root, const char *path,
			       int depth)
{
	autodir DIR *dir = opendir(path);
	struct dirent *entry;

	if (dir == NULL)
		return errno == EACCES ? 0 : fail("cannot read '%s'", path);
	while ((entry = readdir(dir)) != NULL) {
		autofree char *below = path_join(path, entry->d_name);
		struct stat st;

		if (is_left_out(entry->d_name) ||
		    fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISDIR(st.st_mode) && depth < DEV_DEPTH_MAX)
			TRY(copy_host_directory(spec, root, below, depth + 1));
		else if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
			TRY(copy_host_node(spec, root, below, &st));
	}
	return 0;
}

int dev_make(const struct spec *spec, const struct rootfs *root)
{
	TRY(make_default_nodes(spec, root));
	TRY(place_asked(spec, root, true));
	if (spec->privileged)
		TRY(copy_host_directory(spec, root, "/dev", 0));
	return 0;
}

int dev_make_elsewhere(const struct spec *spec, const struct rootfs *root)
{
	return place_asked(spec, root, false);
}
