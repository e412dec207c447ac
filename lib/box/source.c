/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/source.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/exit.h"
#include "base/fs.h"
#include "base/path.h"
#include "base/proc.h"
#include "box/events.h"
#include "box/mountfs.h"
#include "box/mountmap.h"
#include "box/ns.h"
#include "box/overlay.h"
#include "box/rootfs.h"
#include "box/sync.h"
#include "box/tree.h"
#include "box/user.h"

void sources_release(struct sources *sources)
{
	for (size_t i = 0; i < sources->n; i++)
		cleanup_close(&sources->mounts[i]);
	cleanup_close(&sources->root);
	free(sources->mounts);
	*sources = (struct sources)SOURCES_INIT;
}

/*
 * Attributes that the host's mount has cannot be taken away in a user namespace: such a mount stays
 * read-only, nosuid, ... as it is, and what was asked for on top of that is set.
 */
static int change_attributes(int tree, const struct spec_mount *mount, int userns)
{
	/* Something is still to be changed in it: read-only comes with sources_own(), or after the
	 * copy. */
	uint64_t later = mount->chown || mount->tmpcopyup ? MOUNT_ATTR_RDONLY : 0;
	const struct tree_change map = {
		.set = mount->idmap ? MOUNT_ATTR_IDMAP : 0,
		.userns = userns,
		.recursive = mount->idmap_recursive || mount->attr_recursive == MOUNT_ATTR_ALL,
	};
	struct spec_mount change = *mount;
	int rc = tree_change_mount(tree, &change, later);

	if (rc == -EPERM && change.attr_clear != 0 &&
	    (change.attr_clear & MOUNT_ATTR__ATIME) == 0) {
		change.attr_clear = 0;
		rc = tree_change_mount(tree, &change, later);
	}
	TRY(rc);
	rc = tree_change(tree, &map, mount->source);
	if (rc < 0)
		hint("the file system of '%s' cannot be mounted with mapped ids by this caller; "
		     "':U' changes the owner instead",
		     mount->source);
	return rc;
}

/* A part of it is looked for inside of it: no link of whoever wrote there leads out, and what was
 * found is what is mounted. */
static int clone_source(const struct spec_mount *mount)
{
	autoclose int root = -1, part = -1;

	if (mount->subpath == NULL)
		return tree_clone(AT_FDCWD, mount->source, mount->recursive);
	root = fs_open(AT_FDCWD, mount->source, O_PATH | O_DIRECTORY, 0);
	TRY(root);
	part = path_open_in_root(root, mount->subpath, O_PATH, 0);
	if (part == -ENOENT)
		hint("a part that is missing is not made: make it in a container with the whole");
	TRY(part);
	return tree_clone(part, "", mount->recursive);
}

static int open_bind(const struct spec *spec, const struct spec_mount *mount, int userns)
{
	int tree = clone_source(mount);

	if (tree == -ENOENT && mount->subpath == NULL)
		hint("make it first: mkdir -p '%s'", mount->source);
	TRY(tree);
	if (mount->idmap && userns < 0)
		return refuse("the mount on '%s' cannot be idmapped: the container has no user "
			      "namespace, or not one that root made",
			      mount->destination);
	TRY(change_attributes(tree, mount, userns));
	/* Private is what the clone is already. */
	if ((mount->propagation & ~(unsigned long)MS_REC) != MS_PRIVATE || mount->before.n > 0)
		TRY(events_apply(tree, mount, events_otherwise(spec)));
	return tree;
}

static int open_overlay(const struct spec_mount *mount, int userns)
{
	struct overlay overlay = {
		.lower = &mount->lower,
		.upper = mount->upper,
		.work = mount->work,
		.attr = mount->attr_set,
	};
	autoclose int staging = -1;
	int tree;

	if (!mount->idmap || userns < 0)
		return overlay_new(&overlay);
	staging = rootfs_enter_staging();
	TRY(staging);
	tree = overlay_new_idmapped(&overlay, userns);
	TRY(tree);
	TRY(rootfs_leave_staging());
	return tree;
}

/* An overlay without layers of ours is that of a bundle, like any other file system. */
static bool is_from_host(const struct spec_mount *mount)
{
	return strcmp(mount->type, "bind") == 0 || mount->lower.n > 0;
}

/* Ids are mapped by who may make the maps, which in a namespace that the caller himself is mapped
 * into is nobody but he. */
static bool is_mapped_outside(const struct spec *spec, const struct spec_mount *mount)
{
	return mount->idmap && strcmp(mount->type, "bind") == 0 &&
	       (mount->idmaps.uid.n > 0 ||
		(spec->ns[NS_USER].mode == NS_NEW && !ns_is_foreign(spec) && geteuid() == 0));
}

static bool is_prepared(const struct spec *spec, const struct spec_mount *mount)
{
	return mount->outside || is_mapped_outside(spec, mount);
}

static int open_one(const struct spec *spec, const struct spec_mount *mount, int userns)
{
	int tree = strcmp(mount->type, "bind") == 0 ? open_bind(spec, mount, userns)
						    : open_overlay(mount, userns);

	return spec_mount_fail(mount, tree);
}

static int open_some(const struct spec *spec, int userns, bool events, struct sources *sources)
{
	for (size_t i = 0; i < sources->n; i++) {
		const struct spec_mount *mount = &spec->mounts.v[i];

		if (is_prepared(spec, mount) || !is_from_host(mount) || mount->remount ||
		    events_are_wanted(spec, mount) != events)
			continue;
		sources->mounts[i] = open_one(spec, mount, userns);
		TRY(sources->mounts[i]);
	}
	return 0;
}

static int make_private(void)
{
	struct mount_attr attr = { .propagation = MS_PRIVATE };

	if (mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attr, sizeof(attr)) < 0)
		return fail("cannot make the mounts of the new namespace private");
	return 0;
}

static int mount_outside(const struct spec_mount *mount)
{
	uint64_t later = mount->chown ? MOUNT_ATTR_RDONLY : 0;
	autoclose int fs = tree_open(mount->type);
	int tree = fs < 0 ? fs : tree_set_all(fs, mount->type, &mount->data);

	/* Of a device that cannot be written to, the file system has to know. */
	if (tree >= 0 && mount->where != NULL && (mount->attr_set & MOUNT_ATTR_RDONLY) != 0)
		tree = tree_set(fs, mount->type, "ro", NULL);
	if (tree >= 0)
		tree = tree_finish(fs, mount->type, mount->source, mount->attr_set & ~later);
	if (tree == -EPERM && geteuid() != 0)
		hint("only root mounts devices and servers: have it mounted on the host, and give "
		     "that directory");
	if (tree == -ENODEV)
		hint("the kernel has no such file system: load its module (modprobe %s)",
		     mount->type);
	if (tree >= 0)
		TRY(events_apply(tree, mount, 0));
	if (mount->where != NULL)
		return spec_mount_fail(mount, tree);
	return fail_in(tree, "'%s' for '%s'", mount->source, mount->destination);
}

/* Here the clone is of the host's own mounts: no peer of them, unless that is wanted. */
static int map_outside(const struct spec *spec, const struct spec_mount *mount)
{
	const struct tree_change alone = { .propagation = MS_PRIVATE, .recursive = true };
	autoclose int userns =
		mountmap_open(mount->idmaps.uid.n > 0 ? &mount->idmaps : &spec->idmaps);
	autoclose int tree = -1;

	TRY(userns);
	tree = open_bind(spec, mount, userns);
	TRY(tree);
	if (!events_are_wanted(spec, mount))
		TRY(tree_change(tree, &alone, mount->destination));
	return steal_fd(&tree);
}

static int prepare_one(const struct spec *spec, const struct spec_mount *mount)
{
	int tree;

	if (mount->outside)
		return mount_outside(mount);
	tree = map_outside(spec, mount);
	return spec_mount_fail(mount, tree);
}

int sources_prepare(const struct spec *spec, struct sources *ret_sources)
{
	AUTO(sources) sources = SOURCES_INIT;

	TRY(mountfs_check_label(spec));
	sources.n = spec->mounts.n;
	sources.mounts = xcalloc(sources.n, sizeof(*sources.mounts));
	memset(sources.mounts, -1, sources.n * sizeof(*sources.mounts));
	for (size_t i = 0; i < sources.n; i++) {
		if (!is_prepared(spec, &spec->mounts.v[i]))
			continue;
		sources.mounts[i] = prepare_one(spec, &spec->mounts.v[i]);
		TRY(sources.mounts[i]);
	}
	*ret_sources = sources;
	sources = (struct sources)SOURCES_INIT;
	return 0;
}

int sources_open(const struct spec *spec, int userns, struct sources *sources)
{
	bool early = events_are_wanted_in_root(spec);

	TRY(open_some(spec, userns, true, sources));
	if (early)
		sources->root = rootfs_new(spec, userns);
	TRY(early ? sources->root : 0);
	TRY(make_private());
	TRY(open_some(spec, userns, false, sources));
	if (!early)
		sources->root = rootfs_new(spec, userns);
	return sources->root;
}

static int own_tree(const struct spec_mount *mount, int tree, uid_t uid, gid_t gid)
{
	struct stat st;
	int rc = 0;

	if (fstat(tree, &st) < 0)
		return fail("cannot look at '%s'", mount->source);
	if (S_ISDIR(st.st_mode))
		rc = fs_own_tree(tree, ".", uid, gid);
	else if (fchownat(tree, "", uid, gid, AT_EMPTY_PATH) < 0)
		rc = fail("cannot change the owner of '%s'", mount->source);
	if (rc == -EPERM)
		hint("only files of this user and of the ids that are mapped into the container "
		     "can change hands; leave ':U' out");
	return rc;
}

static int own_one(const struct spec_mount *mount, int tree, uid_t uid, gid_t gid)
{
	const struct tree_change change = { .set = mount->attr_set & MOUNT_ATTR_RDONLY,
					    .recursive = (mount->attr_recursive &
							  MOUNT_ATTR_RDONLY) != 0 };

	TRY(own_tree(mount, tree, uid, gid));
	return tree_change(tree, &change, mount->source);
}

int sources_own(const struct spec *spec, const struct sources *sources, uid_t uid, gid_t gid)
{
	for (size_t i = 0; i < sources->n; i++) {
		const struct spec_mount *mount = &spec->mounts.v[i];
		int rc = 0;

		if (mount->chown && sources->mounts[i] >= 0)
			rc = own_one(mount, sources->mounts[i], uid, gid);
		if (rc < 0)
			return spec_mount_fail(mount, rc);
	}
	return 0;
}

/* What is the host's root's the container's root may not take: it is given away before. Who the
 * payload's user is when all is mounted the child finds out, and it can change what is its own. */
static int give_away(const struct spec *spec, const struct sources *sources)
{
	AUTO(user) user = { 0 };
	bool found = false;

	for (size_t i = 0; i < sources->n; i++) {
		const struct spec_mount *mount = &spec->mounts.v[i];
		int64_t uid, gid;

		if (!mount->chown || sources->mounts[i] < 0)
			continue;
		if (!found)
			TRY(user_resolve(sources->root, &spec->process.user, false, &user));
		found = true;
		uid = idmap_to_outside(&spec->idmaps.uid, user.uid);
		gid = idmap_to_outside(&spec->idmaps.gid, user.gid);
		if (uid >= 0 && gid >= 0)
			TRY(spec_mount_fail(mount, own_tree(mount, sources->mounts[i], (uid_t)uid,
							    (gid_t)gid)));
	}
	return 0;
}

/* Root first, then those mounts that are there, in their order. */
static int send_sources(const struct spec *spec, const struct sources *sources, int sync)
{
	autofree int *fds = xcalloc(sources->n + 1, sizeof(*fds));
	size_t n = 0;

	fds[n++] = sources->root;
	for (size_t i = 0; i < sources->n; i++)
		if (sources->mounts[i] >= 0 && !is_prepared(spec, &spec->mounts.v[i]))
			fds[n++] = sources->mounts[i];
	return sync_send(sync, SYNC_ENTER, fds, n);
}

static int prepare(const struct spec *spec, struct sources *sources, int sync, pid_t pid)
{
	autoclose int userns = -1;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	userns = open(path, O_RDONLY | O_CLOEXEC);
	if (userns < 0)
		return fail("cannot open '%s'", path);
	if (unshare(CLONE_NEWNS) < 0)
		return fail("cannot make a mount namespace");
	TRY(sources_open(spec, userns, sources));
	TRY(give_away(spec, sources));
	return send_sources(spec, sources, sync);
}

int sources_hand_over(const struct spec *spec, const struct sources *prepared, int sync, pid_t pid)
{
	enum err_stage stage;
	int pipe[2], status, rc = 0, code = 0;
	pid_t helper;

	if (pipe2(pipe, O_CLOEXEC) < 0)
		return fail("cannot make a pipe");
	helper = proc_fork();
	if (helper == 0) {
		struct sources sources = *prepared;

		rc = prepare(spec, &sources, sync, pid);
		if (rc < 0)
			(void)!err_send(pipe[1], rc, STAGE_SETUP);
		_exit(rc < 0 ? EXIT_BERTH : EXIT_OK);
	}
	close(pipe[1]);
	if (helper < 0)
		rc = fail("cannot start the helper that prepares the mounts");
	else if (err_receive(pipe[0], &code, &stage) != 0)
		rc = code < 0 ? code : -EIO;
	close(pipe[0]);
	if (helper > 0 && proc_reap(helper, &status) == 0 && rc == 0 && status != 0)
		rc = refuse_with(EIO, "the helper that prepares the mounts died");
	return rc;
}

int sources_receive(const struct spec *spec, int sync, struct sources *sources)
{
	int fds[SYNC_FDS_MAX];
	size_t n = 0;

	TRY(sync_wait(sync, SYNC_ENTER, fds, SYNC_FDS_MAX));
	sources->root = fds[n++];
	for (size_t i = 0; i < sources->n; i++) {
		const struct spec_mount *mount = &spec->mounts.v[i];

		if (is_from_host(mount) && !mount->remount && !is_prepared(spec, mount))
			sources->mounts[i] = fds[n++];
		if (n >= SYNC_FDS_MAX)
			return refuse_with(E2BIG, "too many mounts");
	}
	return make_private();
}
