/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/imageview.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/lock.h"
#include "box/overlay.h"
#include "box/tree.h"

#define DIRECTORY "image-mounts"

char *imageview_path(const struct host *host, const char *id)
{
	return xasprintf("%s/" DIRECTORY "/%s", host->runroot, digest_hex(id));
}

static int is_mount(const char *path)
{
	struct statx stx;

	if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, 0, &stx) == 0)
		return (stx.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
	return errno == ENOENT || errno == ENOTDIR ? 0 : fail("cannot look at '%s'", path);
}

int imageview_is_mounted(const struct host *host, const char *id)
{
	autofree char *path = imageview_path(host, id);

	return is_mount(path);
}

static int lock_views(const struct host *host)
{
	autofree char *dir = xasprintf("%s/" DIRECTORY, host->runroot);
	autofree char *lock = xasprintf("%s/lock", dir);

	TRY(fs_mkdirs(AT_FDCWD, dir, 0700));
	return lock_take(AT_FDCWD, lock, LOCK_EXCLUSIVE, "the mounts of images");
}

static int mount_at(const struct image *image, const char *path)
{
	const struct overlay overlay = {
		.lower = &image->layers,
		.attr = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID,
	};
	autoclose int tree = -1;

	if (image->layers.n == 0)
		return refuse("the image has no layers");
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return fail("cannot make the directory '%s'", path);
	tree = overlay_new(&overlay);
	TRY(tree);
	return tree_attach_at(tree, AT_FDCWD, path);
}

int imageview_mount(const struct host *host, const struct image *image, char **ret_path)
{
	autofree char *path = imageview_path(host, image->id);
	autoclose int lock = lock_views(host);
	int mounted;

	TRY(lock);
	mounted = is_mount(path);
	TRY(mounted);
	if (mounted == 0)
		TRY(mount_at(image, path));
	*ret_path = steal(path);
	return 0;
}

int imageview_unmount(const struct host *host, const char *id, bool force)
{
	autofree char *path = imageview_path(host, id);
	autoclose int lock = lock_views(host);
	int mounted;

	TRY(lock);
	mounted = is_mount(path);
	if (mounted == 1 && umount2(path, UMOUNT_NOFOLLOW | (force ? MNT_DETACH : 0)) < 0) {
		int rc = fail("cannot unmount '%s'", path);

		if (rc == -EBUSY)
			hint("files in it are open; --force unmounts it all the same");
		return rc;
	}
	if (mounted >= 0 && rmdir(path) < 0 && errno != ENOENT)
		return fail("cannot remove the directory '%s'", path);
	return mounted;
}

int imageview_list(const struct host *host, struct strvec *ret_ids)
{
	autofree char *path = xasprintf("%s/" DIRECTORY, host->runroot);
	autodir DIR *dir = opendir(path);
	struct dirent *entry;

	if (dir == NULL)
		return errno == ENOENT ? 0 : fail("cannot read '%s'", path);
	while ((entry = readdir(dir)) != NULL) {
		autofree char *id = xasprintf("sha256:%s", entry->d_name);
		int mounted = digest_is_valid(id) ? imageview_is_mounted(host, id) : 0;

		TRY(mounted);
		if (mounted == 1)
			strvec_push_owned(ret_ids, steal(id));
	}
	return 0;
}
