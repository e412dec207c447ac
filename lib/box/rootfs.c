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
#include "base/path.h"
#include "box/events.h"
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

	for (size_t i = 0; i < spec->devices.n; i++)
		mknod |= !path_is_within(spec->devices.v[i].path, "/dev");
	return mknod ? 0 : MOUNT_ATTR_NODEV;
}

/* The root directory of an overlay is that of its upper layer, so it has to be the container's root
 * who owns it. */
static int own_upper(const struct spec *spec, const char *upper, int userns)
{
	int64_t uid = 0, gid = 0;

	/* Of keep-id with a single id: there is no root. */
	if (spec->ns[NS_USER].mode != NS_NEW || idmap_to_outside(&spec->idmaps.uid, 0) < 0 ||
	    idmap_to_outside(&spec->idmaps.gid, 0) < 0)
		return 0;
	if (userns >= 0) {
		uid = idmap_to_outside(&spec->idmaps.uid, 0);
		gid = idmap_to_outside(&spec->idmaps.gid, 0);
	}
	if (fchownat(AT_FDCWD, upper, (uid_t)uid, (gid_t)gid, AT_SYMLINK_NOFOLLOW) < 0)
		return fail("cannot give '%s' to the root of the container", upper);
	return 0;
}

/* With no upper layer there is one of nothing, so that mount points can be made in it. Nothing is
 * ever removed in it, so it may lack user.* attributes; but the layers below have theirs, which
 * trusted ones would make the kernel ignore. */
static int make_upper(struct overlay *overlay)
{
	struct stat st = { .st_mode = 0755 };

	/* An overlay shows the mode of its upper layer's root. */
	(void)stat(overlay->lower->v[0], &st);
	if (mkdir("upper", st.st_mode & 07777) < 0 || mkdir("work", 0755) < 0)
		return fail("cannot make the directories of a read-only root");
	overlay->upper = "upper";
	overlay->work = "work";
	return 0;
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
	bool stage = userns >= 0 || overlay.upper == NULL;
	autoclose int staging = stage ? rootfs_enter_staging() : -1;
	int tree;

	TRY(stage ? staging : 0);
	if (overlay.upper == NULL)
		TRY(make_upper(&overlay));
	TRY(own_upper(spec, overlay.upper, userns));
	tree = userns >= 0 ? overlay_new_idmapped(&overlay, userns) : overlay_new(&overlay);
	TRY(tree);
	TRY(stage ? rootfs_leave_staging() : 0);
	return tree;
}

/* What the kernel takes no overlay of, it calls an invalid argument. */
static int explain_directory(const struct spec *spec, int rc)
{
	if (rc < 0)
		fail_in(rc, "rootfs '%s'", spec->root.path);
	if (rc == -EINVAL && strcmp(spec->root.path, "/") == 0)
		hint("'host:' is the host's own files below a layer that is thrown away");
	else if (rc == -EINVAL)
		hint("a directory with mounts below it, or of procfs, sysfs or a network file "
		     "system, may be no layer of an overlay: leave out ':O', or copy it");
	return rc;
}

static int root_directory(const struct spec *spec, int userns)
{
	const struct strvec lower = { .v = (char **)&spec->root.path, .n = 1 };
	const struct tree_change change = { .set = rootfs_attr(spec) };
	struct stat st;
	int tree;

	if (spec->root.upper != NULL)
		return explain_directory(spec, root_overlay(spec, &lower, userns));
	if (userns >= 0 && !spec->root.mapped)
		tree = tree_clone_idmapped(spec->root.path, userns, true);
	else
		tree = tree_clone(AT_FDCWD, spec->root.path, true);
	if (tree < 0)
		return fail_in(tree, "root file system");
	if (fstat(tree, &st) < 0 || !S_ISDIR(st.st_mode))
		return refuse_with(ENOTDIR, "root file system: '%s' is no directory",
				   spec->root.path);
	TRY(events_of_root(spec, tree));
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
		return hostroot_new(spec, userns);
	}
	return refuse("unknown kind of root file system");
}

int rootfs_attach(const struct spec *spec, int tree)
{
	bool shown = spec->root.kind == ROOT_DIRECTORY && spec_hooks_before_pivot(&spec->hooks);

	TRY(tree_attach_at(tree, AT_FDCWD, shown ? spec->root.path : "/"));
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
	bool late = propagation == MS_SHARED || propagation == MS_UNBINDABLE;
	const struct tree_change events = {
		.propagation = late ? propagation : 0,
		.recursive = spec->root.propagation == (MS_UNBINDABLE | MS_REC),
	};
	const struct tree_change change = { .set = spec->root.readonly ? MOUNT_ATTR_RDONLY : 0 };

	TRY(tree_change(root->fd, &events, "/"));
	return tree_change(root->fd, &change, "/");
}
