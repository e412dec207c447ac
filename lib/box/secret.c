/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/secret.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/path.h"
#include "box/mount.h"
#include "box/tree.h"

#define SECRET_DIR "/run/secrets"

/* In the staging area. */
#define COMMON "common" /* becomes SECRET_DIR */
#define SINGLE "%zu"    /* the number of the secret */

#define ATTRS (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

static bool is_common(const struct spec_secret *secret)
{
	return path_is_within(secret->target, SECRET_DIR);
}

static char *name_of(const struct spec *spec, size_t i)
{
	const struct spec_secret *secret = &spec->secrets.v[i];

	return is_common(secret) ? xasprintf(COMMON "%s", secret->target + strlen(SECRET_DIR))
				 : xasprintf(SINGLE, i);
}

/* Where nobody has asked for root, and the container has none, it belongs to whoever there is. */
static int own(const struct spec *spec, const struct spec_secret *secret, int fd)
{
	bool has_root =
		spec->ns[NS_USER].mode != NS_NEW || (idmap_to_outside(&spec->idmaps.uid, 0) >= 0 &&
						     idmap_to_outside(&spec->idmaps.gid, 0) >= 0);

	if (!secret->owned && !has_root)
		return 0;
	if (fchown(fd, secret->uid, secret->gid) == 0)
		return 0;
	fail("cannot give it to %u:%u", secret->uid, secret->gid);
	if (errno == EINVAL)
		hint("the container has no such ids: give others with uid= and gid=, or map them");
	return -errno;
}

static int make_file(const struct spec *spec, size_t i, int staging)
{
	const struct spec_secret *secret = &spec->secrets.v[i];
	autofree char *name = name_of(spec, i);
	autofree char *dir = xstrdup(name);
	autoclose int fd = -1;
	char *slash = strrchr(dir, '/');

	if (slash != NULL) {
		*slash = '\0';
		TRY(fs_mkdirs(staging, dir, 0755));
	}
	fd = fs_open(staging, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	TRY(fd);
	TRY(fs_write_all(fd, secret->data.data, secret->data.len, name));
	TRY(own(spec, secret, fd));
	return fchmod(fd, secret->mode) < 0 ? fail("cannot set its mode") : 0;
}

/* The tree of one, or of the common directory; detached, and safe from the container's hands. */
static int take_tree(int staging, const char *name)
{
	const struct tree_change change = { .set = ATTRS };
	autoclose int tree = tree_clone_nofollow(staging, name, false);

	TRY(tree);
	TRY(tree_change(tree, &change, name));
	return steal_fd(&tree);
}

static int make_all(const struct spec *spec, int staging, int *trees, int *common)
{
	bool wanted = false;

	for (size_t i = 0; i < spec->secrets.n; i++) {
		TRY(fail_in(make_file(spec, i, staging), "secret '%s'", spec->secrets.v[i].target));
		wanted |= is_common(&spec->secrets.v[i]);
	}
	for (size_t i = 0; i < spec->secrets.n; i++) {
		autofree char *name = name_of(spec, i);

		if (is_common(&spec->secrets.v[i]))
			continue;
		trees[i] = take_tree(staging, name);
		TRY(trees[i]);
	}
	if (wanted)
		*common = take_tree(staging, COMMON);
	return wanted ? *common : 0;
}

static int place(const struct rootfs *root, int tree, char *target, bool directory)
{
	const struct spec_mount mount = { .destination = target };

	return fail_in(mount_place(root, tree, &mount, directory), "mount on '%s'", target);
}

int secret_mount_all(const struct spec *spec, const struct rootfs *root)
{
	autofree int *trees = xcalloc(spec->secrets.n + 1, sizeof(*trees));
	char directory[] = SECRET_DIR;
	int staging, common = -1;

	if (spec->secrets.n == 0)
		return 0;
	staging = rootfs_enter_staging();
	TRY(staging);
	TRY(make_all(spec, staging, trees, &common));
	TRY(rootfs_leave_staging());
	if (fchdir(root->fd) < 0)
		return fail("cannot enter the root file system");
	if (common >= 0)
		TRY(place(root, common, directory, true));
	for (size_t i = 0; i < spec->secrets.n; i++)
		if (!is_common(&spec->secrets.v[i]))
			TRY(place(root, trees[i], spec->secrets.v[i].target, false));
	return 0;
}
