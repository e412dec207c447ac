/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/overlay.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "box/tree.h"

/* fsconfig(2) takes no longer string. */
#define VALUE_MAX 255

/* Characters that mean something in overlay's options, on one kernel or another. */
#define ODD_CHARACTERS "\\:,"

/* Set a directory as an option. A name that the option cannot carry goes as a descriptor, by the
 * host's /proc: nothing of a container is mounted yet. */
static int set_directory(int fs, const char *key, const char *path)
{
	autoclose int fd = -1;
	char link[32];

	if (strlen(path) <= VALUE_MAX && strpbrk(path, ODD_CHARACTERS) == NULL)
		return tree_set(fs, "overlay", key, path);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail("cannot open the layer '%s'", path);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return tree_set(fs, "overlay", key, link);
}

/* A detached mount as a layer: by descriptor since Linux 6.13, by name before. */
static int set_tree(int fs, int tree)
{
	char link[32];

	if (fsconfig(fs, FSCONFIG_SET_FD, "lowerdir+", NULL, tree) == 0)
		return 0;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", tree);
	return tree_set(fs, "overlay", "lowerdir+", link);
}

static int set_flags(int fs, const struct overlay *overlay)
{
	if (!overlay->trusted) {
		TRY(tree_set(fs, "overlay", "userxattr", NULL));
	} else {
		/* As userxattr implies. */
		TRY(tree_set(fs, "overlay", "redirect_dir", "nofollow"));
		TRY(tree_set(fs, "overlay", "metacopy", "off"));
	}
	if (overlay->upper != NULL && overlay->volatile_upper)
		TRY(tree_set(fs, "overlay", "volatile", NULL));
	return 0;
}

/* Linux 6.7 and later: a call for each layer. */
static int overlay_by_layer(const struct overlay *overlay)
{
	autoclose int fs = tree_open("overlay");

	TRY(fs);
	for (size_t i = 0; i < overlay->lower->n; i++) {
		if (overlay->lower_trees != NULL)
			TRY(set_tree(fs, overlay->lower_trees[i]));
		else
			TRY(set_directory(fs, "lowerdir+", overlay->lower->v[i]));
	}
	if (overlay->upper != NULL) {
		TRY(set_directory(fs, "upperdir", overlay->upper));
		TRY(set_directory(fs, "workdir", overlay->work));
	}
	TRY(set_flags(fs, overlay));
	return tree_finish(fs, "overlay", "overlay", overlay->attr);
}

static int add_fd(struct strvec *names, int *fds, const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return fail("cannot open the layer '%s'", path);
	fds[names->n] = fd;
	strvec_pushf(names, "%d", fd);
	return 0;
}

/* The options of old kernels, with names that are as short as can be: those in /proc/self/fd. */
static int set_names(int fs, const struct overlay *overlay, const struct strvec *names)
{
	AUTO(buf) lower = BUF_INIT;
	size_t n = overlay->lower->n;

	for (size_t i = 0; i < n; i++)
		buf_addf(&lower, "%s%s", i > 0 ? ":" : "", names->v[i]);
	if (lower.len > VALUE_MAX)
		return refuse_with(E2BIG,
				   "%zu layers are more than this kernel mounts: Linux 6.7 "
				   "and later take any number",
				   n);
	TRY(tree_set(fs, "overlay", "lowerdir", lower.data));
	if (overlay->upper != NULL) {
		TRY(tree_set(fs, "overlay", "upperdir", names->v[n]));
		TRY(tree_set(fs, "overlay", "workdir", names->v[n + 1]));
	}
	TRY(set_flags(fs, overlay));
	return tree_finish(fs, "overlay", "overlay", overlay->attr);
}

static int overlay_by_names(const struct overlay *overlay, int *fds)
{
	autoclose int fs = tree_open("overlay");
	autoclose int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTO(strvec) names = STRVEC_INIT;
	int tree;

	TRY(fs);
	if (here < 0)
		return fail("cannot open the working directory");
	for (size_t i = 0; i < overlay->lower->n; i++) {
		if (overlay->lower_trees == NULL)
			TRY(add_fd(&names, fds, overlay->lower->v[i]));
		else
			strvec_pushf(&names, "%d", overlay->lower_trees[i]);
	}
	if (overlay->upper != NULL) {
		TRY(add_fd(&names, fds, overlay->upper));
		TRY(add_fd(&names, fds, overlay->work));
	}
	if (chdir("/proc/self/fd") < 0)
		return fail("cannot enter '/proc/self/fd'");
	tree = set_names(fs, overlay, &names);
	if (fchdir(here) < 0)
		return fail("cannot return to the working directory");
	return tree;
}

/* To try it out would leave an error in the kernel's log with every start. */
static bool takes_layers(void)
{
	unsigned int major, minor;
	struct utsname name;

	return uname(&name) == 0 && sscanf(name.release, "%u.%u", &major, &minor) == 2 &&
	       (major > 6 || (major == 6 && minor >= 7));
}

/* A lone layer with nothing above is no overlay to the kernel, and needs none. */
static int lone_layer(const struct overlay *overlay)
{
	const char *path = overlay->lower->v[0];
	const struct tree_change change = {
		.set = overlay->attr | MOUNT_ATTR_RDONLY,
		.propagation = MS_PRIVATE,
	};
	autoclose int tree = overlay->lower_trees != NULL
				     ? tree_clone(overlay->lower_trees[0], "", false)
				     : tree_clone(AT_FDCWD, path, false);

	TRY(tree);
	TRY(tree_change(tree, &change, path));
	return steal_fd(&tree);
}

static int overlay_of_layers(const struct overlay *overlay)
{
	size_t n = overlay->lower->n + 2;
	autofree int *fds = NULL;
	int tree;

	if (takes_layers())
		return overlay_by_layer(overlay);
	fds = xcalloc(n, sizeof(*fds));
	memset(fds, -1, n * sizeof(*fds));
	tree = overlay_by_names(overlay, fds);
	for (size_t i = 0; i < n; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return tree;
}

int overlay_new(const struct overlay *overlay)
{
	int tree;

	if (overlay->lower->n == 1 && overlay->upper == NULL)
		return lone_layer(overlay);
	tree = overlay_of_layers(overlay);
	/* So the kernel answers for an upper directory on another overlay, and on network file
	 * systems. */
	if (tree == -EINVAL && overlay->upper != NULL)
		hint("its file system takes no overlay that is written to: choose a directory on "
		     "ext4, xfs, btrfs or tmpfs with --root");
	return tree;
}

/* The number of its descriptor makes the name unique. */
static int attach_layer(int tree)
{
	char name[24];

	snprintf(name, sizeof(name), "layer-%d", tree);
	if (mkdir(name, 0700) < 0)
		return fail("cannot make the staging directory '%s'", name);
	return tree_attach_at(tree, AT_FDCWD, name);
}

int overlay_new_idmapped(struct overlay *overlay, int userns)
{
	size_t n = overlay->lower->n;
	autofree int *trees = xcalloc(n, sizeof(*trees));
	int tree;

	for (size_t i = 0; i < n; i++) {
		trees[i] = tree_clone_idmapped(overlay->lower->v[i], userns, false);
		TRY(trees[i]);
		TRY(attach_layer(trees[i]));
	}
	overlay->lower_trees = trees;
	tree = overlay_new(overlay);
	overlay->lower_trees = NULL;
	return tree;
}
