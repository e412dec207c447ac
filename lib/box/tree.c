/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/tree.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"

/* How much of the kernel's log is worth a place in a message. */
#define LOG_MAX 256

int tree_fail(int fs, const char *fstype)
{
	int err = errno;
	char log[LOG_MAX];
	ssize_t len = fs < 0 ? -1 : read(fs, log, sizeof(log) - 1);

	/* "e overlay: Unknown parameter": one message per read, a letter for its level first. */
	if (len > 2 && log[1] == ' ') {
		log[len] = '\0';
		log[strcspn(log, "\n")] = '\0';
		return fail_with(err, "cannot mount a file system of type '%s' (%s)", fstype,
				 log + 2);
	}
	return fail_with(err, "cannot mount a file system of type '%s'", fstype);
}

int tree_open(const char *fstype)
{
	int fs = fsopen(fstype, FSOPEN_CLOEXEC);

	return fs < 0 ? tree_fail(-1, fstype) : fs;
}

int tree_set(int fs, const char *fstype, const char *key, const char *value)
{
	unsigned int command = value != NULL ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;

	if (fsconfig(fs, command, key, value, 0) < 0)
		return fail_in(tree_fail(fs, fstype), "option '%s%s%s'", key,
			       value != NULL ? "=" : "", value != NULL ? value : "");
	return 0;
}

int tree_finish(int fs, const char *fstype, const char *source, uint64_t attr)
{
	int tree;

	/* The first column of /proc/mounts: "none" would say nothing. */
	TRY(tree_set(fs, fstype, "source", source != NULL ? source : fstype));
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return tree_fail(fs, fstype);
	tree = fsmount(fs, FSMOUNT_CLOEXEC, (unsigned int)attr);
	return tree < 0 ? tree_fail(fs, fstype) : tree;
}

int tree_set_all(int fs, const char *fstype, const struct strvec *data)
{
	for (size_t i = 0; i < data->n; i++) {
		const char *equals = strchr(data->v[i], '=');
		autofree char *key =
			equals == NULL ? NULL : xstrndup(data->v[i], (size_t)(equals - data->v[i]));

		TRY(tree_set(fs, fstype, key != NULL ? key : data->v[i],
			     equals != NULL ? equals + 1 : NULL));
	}
	return 0;
}

int tree_new(const char *fstype, const char *source, const struct strvec *data, uint64_t attr)
{
	autoclose int fs = tree_open(fstype);

	TRY(fs);
	if (data != NULL)
		TRY(tree_set_all(fs, fstype, data));
	return tree_finish(fs, fstype, source, attr);
}

static int clone_with(int dirfd, const char *path, bool recursive, unsigned int flags)
{
	int tree;

	flags |= OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH;
	if (recursive)
		flags |= AT_RECURSIVE;
	tree = open_tree(dirfd, path, flags);
	return tree < 0 ? fail("cannot clone the mount at '%s'", path) : tree;
}

int tree_clone(int dirfd, const char *path, bool recursive)
{
	return clone_with(dirfd, path, recursive, 0);
}

int tree_clone_nofollow(int dirfd, const char *path, bool recursive)
{
	return clone_with(dirfd, path, recursive, AT_SYMLINK_NOFOLLOW);
}

int tree_change(int tree, const struct tree_change *change, const char *name)
{
	struct mount_attr attr = {
		.attr_set = change->set,
		.attr_clr = change->clear,
		.propagation = change->propagation,
	};
	unsigned int flags = AT_EMPTY_PATH | (change->recursive ? AT_RECURSIVE : 0U);

	if (attr.attr_set == 0 && attr.attr_clr == 0 && attr.propagation == 0)
		return 0;
	if ((attr.attr_set & MOUNT_ATTR_IDMAP) != 0)
		attr.userns_fd = (unsigned int)change->userns;
	if (mount_setattr(tree, "", flags, &attr, sizeof(attr)) < 0)
		return fail("cannot set the attributes of the mount '%s'", name);
	return 0;
}

int tree_change_mount(int tree, const struct spec_mount *mount, uint64_t later)
{
	uint64_t set = mount->attr_set & ~later, below = mount->attr_recursive;
	const struct tree_change all = {
		.set = set & below,
		.clear = mount->attr_clear & below,
		.recursive = true,
	};
	const struct tree_change top = {
		.set = set & ~below,
		.clear = mount->attr_clear & ~below,
	};

	TRY(tree_change(tree, &all, mount->destination));
	return tree_change(tree, &top, mount->destination);
}

int tree_clone_idmapped(const char *path, int userns, bool recursive)
{
	const struct tree_change change = { .set = MOUNT_ATTR_IDMAP,
					    .userns = userns,
					    .recursive = recursive };
	int tree = tree_clone(AT_FDCWD, path, recursive);
	int rc;

	TRY(tree);
	rc = tree_change(tree, &change, path);
	if (rc < 0) {
		close(tree);
		hint("the file system of '%s' cannot be mounted with mapped ids (tmpfs can since "
		     "Linux 6.3): leave --userns out",
		     path);
		return rc;
	}
	return tree;
}

int tree_attach(int tree, int target, const char *name)
{
	if (move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return fail("cannot attach the mount '%s'", name);
	return 0;
}

int tree_attach_at(int tree, int dirfd, const char *name)
{
	if (move_mount(tree, "", dirfd, name, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return fail("cannot attach the mount '%s'", name);
	return 0;
}
