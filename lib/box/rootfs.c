/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/rootfs.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "box/hostroot.h"
#include "box/overlay.h"
#include "box/tree.h"

int rootfs_enter_staging(void)
{
	AUTO(strvec) data = STRVEC_INIT;
	int tree;

	strvec_push(&data, "mode=755");
	tree = tree_new("tmpfs", "staging", &data, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	TRY(tree);
	TRY(tree_attach_at(tree, AT_FDCWD, "/"));
	if (fchdir(tree) < 0)
		return fail("cannot enter the staging area");
	return tree;
}

int rootfs_leave_staging(void)
{
	/* The overlays hold clones of it. */
	if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return fail("cannot leave the staging area");
	return 0;
}

uint64_t rootfs_attr(const struct spec *spec)
{
	bool mknod = (spec->process.caps.bounding >> CAP_MKNOD & 1) != 0;

	return mknod ? 0 : MOUNT_ATTR_NODEV;
}

static int idmapped_clone(const char *path, int userns, bool recursive)
{
	const struct tree_change change = { .set = MOUNT_ATTR_IDMAP,
					    .userns = userns,
					    .recursive = recursive };
	int tree = tree_clone(AT_FDCWD, path, recursive);

	TRY(tree);
	if (tree_change(tree, &change, path) < 0) {
		int rc = -errno;

		hint("the file system of '%s' cannot be mounted with mapped ids (or Linux is older "
		     "than 5.19): leave --userns out",
		     path);
		return rc;
	}
	return tree;
}

/* On a kernel that wants overlay's layers attached, they are attached to directories of a tmpfs in
 * this mount namespace, which nobody else sees. */
static int attach_layer(int tree, size_t index)
{
	char name[24];

	snprintf(name, sizeof(name), "%zu", index);
	if (mkdir(name, 0700) < 0)
		return fail("cannot make the staging directory '%s'", name);
	return tree_attach_at(tree, AT_FDCWD, name);
}

static int overlay_idmapped(struct overlay *overlay, int userns)
{
	size_t n = overlay->lower->n;
	autofree int *trees = xcalloc(n, sizeof(*trees));
	int rc;

	for (size_t i = 0; i < n; i++) {
		trees[i] = idmapped_clone(overlay->lower->v[i], userns, false);
		TRY(trees[i]);
	}
	overlay->lower_trees = trees;
	rc = overlay_new(overlay);
	if (rc != -EINVAL)
		return rc;
	TRY(rootfs_enter_staging());
	for (size_t i = 0; i < n; i++)
		TRY(attach_layer(trees[i], i));
	return overlay_new(overlay);
}

/* The root directory of an overlay is that of its upper layer, so it has to be the container's root
 * who owns it. */
static int own_upper(const struct spec *spec, int userns)
{
	int64_t uid = 0, gid = 0;

	if (spec->ns[NS_USER].mode != NS_NEW || idmap_to_outside(&spec->idmaps.uid, 0) < 0 ||
	    idmap_to_outside(&spec->idmaps.gid, 0) < 0)
		return 0;
	if (userns >= 0) {
		uid = idmap_to_outside(&spec->idmaps.uid, 0);
		gid = idmap_to_outside(&spec->idmaps.gid, 0);
	}
	if (fchownat(AT_FDCWD, spec->root.upper, (uid_t)uid, (gid_t)gid, AT_SYMLINK_NOFOLLOW) < 0)
		return fail("cannot give '%s' to the root of the container", spec->root.upper);
	return 0;
}

/* With no upper layer there is one of nothing, so that mount points can be made in it. */
static int overlay_without_upper(struct overlay *overlay)
{
	autoclose int staging = rootfs_enter_staging();
	int tree;

	TRY(staging);
	if (mkdir("upper", 0755) < 0 || mkdir("work", 0755) < 0)
		return fail("cannot make the directories of a read-only root");
	overlay->upper = "upper";
	overlay->work = "work";
	tree = overlay_new(overlay);
	TRY(tree);
	TRY(rootfs_leave_staging());
	return tree;
}

static int root_overlay(const struct spec *spec, const struct strvec *lower, int userns)
{
	struct overlay overlay = {
		.lower = lower,
		.upper = spec->root.upper,
		.work = spec->root.work,
		.volatile_upper = spec->root.volatile_upper,
		.attr = rootfs_attr(spec),
	};

	if (overlay.upper != NULL)
		TRY(own_upper(spec, userns));
	if (userns >= 0)
		return overlay_idmapped(&overlay, userns);
	if (overlay.upper == NULL) {
		overlay.trusted = spec->ns[NS_USER].mode != NS_NEW;
		return overlay_without_upper(&overlay);
	}
	return overlay_new(&overlay);
}

static int root_directory(const struct spec *spec, int userns)
{
	const struct strvec lower = { .v = (char **)&spec->root.path, .n = 1 };
	const struct tree_change change = { .set = rootfs_attr(spec) };
	int tree;

	if (spec->root.upper != NULL)
		return root_overlay(spec, &lower, userns);
	if (userns >= 0)
		tree = idmapped_clone(spec->root.path, userns, true);
	else
		tree = tree_clone(AT_FDCWD, spec->root.path, true);
	if (tree < 0)
		return fail_in(tree, "root file system");
	TRY(tree_change(tree, &change, spec->root.path));
	return tree;
}

int rootfs_new(const struct spec *spec, int userns)
{
	switch (spec->root.kind) {
	case ROOT_OVERLAY:
		return root_overlay(spec, &spec->root.lower, userns);
	case ROOT_DIRECTORY:
		return root_directory(spec, userns);
	case ROOT_HOST:
		return hostroot_new(spec);
	}
	return refuse("unknown kind of root file system");
}

int rootfs_attach(int tree)
{
	TRY(tree_attach_at(tree, AT_FDCWD, "/"));
	if (fchdir(tree) < 0)
		return fail("cannot enter the root file system");
	return 0;
}

int rootfs_pivot(const struct rootfs *root)
{
	if (fchdir(root->fd) < 0)
		return fail("cannot enter the root file system");
	/* The old root comes to lie on the new one, and "." there is what lies on top. */
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return fail("cannot make it the root file system");
	if (umount2(".", MNT_DETACH) < 0)
		return fail("cannot detach the host's file systems");
	return 0;
}

int rootfs_seal(const struct spec *spec, const struct rootfs *root)
{
	unsigned long propagation = spec->root.propagation & ~(unsigned long)MS_REC;
	const struct tree_change events = {
		.propagation = propagation == MS_PRIVATE ? 0 : propagation,
		.recursive = (spec->root.propagation & MS_REC) != 0,
	};
	const struct tree_change change = { .set = spec->root.readonly ? MOUNT_ATTR_RDONLY : 0 };

	TRY(tree_change(root->fd, &events, "/"));
	return tree_change(root->fd, &change, "/");
}
