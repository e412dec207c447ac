/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/cgroupfs.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/err.h"
#include "box/tree.h"

#define HIERARCHIES "/sys/fs/cgroup"

static bool is_unified(void)
{
	struct statfs fs;

	return statfs(HIERARCHIES, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

/* cgroup2 of a hybrid host is a file system like any other there. */
static bool is_apart(const struct spec_mount *mount)
{
	return strcmp(mount->type, "cgroup2") == 0 && !is_unified();
}

static int new_apart(const struct spec *spec, const struct spec_mount *mount)
{
	const struct tree_change change = { .set = mount->attr_set };
	autoclose int tree = tree_new("cgroup2", mount->source, &mount->data, mount->attr_set);

	if (tree != -EPERM || spec->ns[NS_CGROUP].mode == NS_NEW)
		return steal_fd(&tree);
	tree = tree_clone(AT_FDCWD, HIERARCHIES "/unified", false);
	TRY(tree);
	TRY(tree_change(tree, &change, HIERARCHIES "/unified"));
	return steal_fd(&tree);
}

static int new_unified(const struct spec *spec, const struct spec_mount *mount)
{
	const struct tree_change change = { .set = mount->attr_set, .recursive = true };
	int tree = tree_new("cgroup2", "cgroup", NULL, mount->attr_set);

	/* In a user namespace without a cgroup namespace of its own: what the host shows. */
	if (tree != -EPERM || spec->ns[NS_CGROUP].mode == NS_NEW)
		return tree;
	tree = tree_clone(AT_FDCWD, HIERARCHIES, true);
	TRY(tree);
	TRY(tree_change(tree, &change, HIERARCHIES));
	return tree;
}

int cgroupfs_new(const struct spec *spec, const struct cgroup *cgroup,
		 const struct spec_mount *mount)
{
	AUTO(strvec) data = STRVEC_INIT;

	if (is_apart(mount))
		return new_apart(spec, mount);
	if (is_unified())
		return new_unified(spec, mount);
	if (cgroup->path == NULL)
		return -ENOENT;
	strvec_push(&data, "mode=755");
	strvec_push(&data, "size=64k");
	return tree_new("tmpfs", "cgroup", &data, mount->attr_set & ~(uint64_t)MOUNT_ATTR_RDONLY);
}

/* The host's mount of one hierarchy; "cpu,cpuacct" and the links to it are one each. */
static int fill_one(int tree, const char *name, const struct cgroup *cgroup,
		    const struct spec_mount *mount)
{
	const struct tree_change change = { .set = mount->attr_set };
	autofree char *source = xasprintf("%s/%s/%s", HIERARCHIES, name,
					  cgroup->path + (cgroup->path[0] == '/' ? 1 : 0));
	struct statfs fs;
	int bind;

	if (statfs(source, &fs) < 0 ||
	    (fs.f_type != CGROUP_SUPER_MAGIC && fs.f_type != CGROUP2_SUPER_MAGIC))
		return 0;
	if (mkdirat(tree, name, 0755) < 0)
		return fail("cannot make '%s/%s'", HIERARCHIES, name);
	bind = tree_clone(AT_FDCWD, source, false);
	TRY(bind);
	TRY(tree_change(bind, &change, source));
	return tree_attach_at(bind, tree, name);
}

int cgroupfs_fill(int tree, const struct cgroup *cgroup, const struct spec_mount *mount)
{
	const struct tree_change change = { .set = mount->attr_set & MOUNT_ATTR_RDONLY };
	autodir DIR *dir = NULL;
	struct dirent *entry;

	if (is_unified() || is_apart(mount))
		return 0;
	dir = opendir(HIERARCHIES);
	if (dir == NULL)
		return fail("cannot read '%s'", HIERARCHIES);
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			TRY(fill_one(tree, entry->d_name, cgroup, mount));
	return tree_change(tree, &change, HIERARCHIES);
}
