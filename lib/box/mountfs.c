/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/mountfs.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/path.h"
#include "box/tree.h"

/* fsconfig(2) takes no longer string. */
#define VALUE_MAX 255

/* A file of the kernel's with a line for each type. */
#define FILESYSTEMS_MAX 65536

/* What the kernel labels by its own rules, whatever the mount says. */
static const char *const unlabelled[] = { "proc", "sysfs", "cgroup", "cgroup2", "mqueue", "none" };

static bool is_type(const struct spec_mount *mount, const char *type)
{
	return strcmp(mount->type, type) == 0;
}

static bool takes_label(const struct spec_mount *mount)
{
	for (size_t i = 0; i < ARRAY_SIZE(unlabelled); i++)
		if (is_type(mount, unlabelled[i]))
			return false;
	return true;
}

int mountfs_check_label(const struct spec *spec)
{
	AUTO(buf) types = BUF_INIT;

	if (spec->mount_label == NULL)
		return 0;
	TRY(fs_read_file(AT_FDCWD, "/proc/filesystems", FILESYSTEMS_MAX, &types));
	if (strstr(types.data, "\tselinuxfs\n") == NULL)
		return refuse("linux.mountLabel: this kernel has no SELinux, or it is disabled");
	return 0;
}

bool mountfs_is_sealed_late(const struct spec_mount *mount)
{
	return is_type(mount, "tmpfs") && (mount->attr_set & MOUNT_ATTR_RDONLY) != 0 &&
	       !mount->outside && !mount->remount;
}

/* A group that the container does not have is left out: the kernel would refuse it, and with it
 * every container that was planned for another map. */
static bool is_foreign_gid(const struct spec *spec, const char *word)
{
	char *end;
	unsigned long gid;

	if (spec->ns[NS_USER].mode != NS_NEW || strncmp(word, "gid=", 4) != 0)
		return false;
	gid = strtoul(word + 4, &end, 10);
	return *end == '\0' && gid <= UINT32_MAX &&
	       idmap_to_outside(&spec->idmaps.gid, (uint32_t)gid) < 0;
}

/* As chmod has it: of the directory that it is going to cover. */
static void push_mode(int rootfd, const char *path, struct strvec *data)
{
	autoclose int fd = path_try_open_in_root(rootfd, path, O_PATH | O_DIRECTORY);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0)
		strvec_pushf(data, "mode=%o", st.st_mode & 07777);
}

/* "lowerdir=A:B:C" may be longer than fsconfig(2) takes: a call for each (Linux 6.7). */
static void push_layers(struct strvec *data, const char *list)
{
	AUTO(strvec) layers = STRVEC_INIT;

	strvec_split(&layers, list, ':');
	for (size_t i = 0; i < layers.n; i++)
		strvec_pushf(data, "lowerdir+=%s", layers.v[i]);
}

static bool is_long_list(const char *word)
{
	return strncmp(word, "lowerdir=", 9) == 0 && strlen(word + 9) > VALUE_MAX &&
	       strchr(word, '\\') == NULL;
}

static void push_options(const struct spec *spec, const struct spec_mount *mount,
			 struct strvec *data)
{
	for (size_t i = 0; i < mount->data.n; i++) {
		const char *word = mount->data.v[i];

		if (is_type(mount, "overlay") && is_long_list(word))
			push_layers(data, word + 9);
		else if (!is_type(mount, "devpts") || !is_foreign_gid(spec, word))
			strvec_push(data, word);
	}
}

static int make_plain(const struct spec *spec, const struct spec_mount *mount, int rootfd)
{
	uint64_t late = mountfs_is_sealed_late(mount) ? MOUNT_ATTR_RDONLY : 0;
	AUTO(strvec) data = STRVEC_INIT;

	if (mount->like_target)
		push_mode(rootfd, mount->destination, &data);
	push_options(spec, mount, &data);
	if (spec->mount_label != NULL && takes_label(mount))
		strvec_pushf(&data, "context=%s", spec->mount_label);
	return tree_new(mount->type, mount->source, &data, mount->attr_set & ~late);
}

/* The maps of a namespace that is joined are nobody's here: the kernel says what they have. */
static int make_devpts(const struct spec *spec, const struct spec_mount *mount)
{
	struct spec_mount without = *mount;
	AUTO(strvec) data = STRVEC_INIT;
	int tree = make_plain(spec, mount, -1);

	if (tree != -EINVAL || spec->ns[NS_USER].mode != NS_JOIN)
		return tree;
	for (size_t i = 0; i < mount->data.n; i++)
		if (strncmp(mount->data.v[i], "gid=", 4) != 0)
			strvec_push(&data, mount->data.v[i]);
	without.data = data;
	return make_plain(spec, &without, -1);
}

static int clone_host(const char *path, uint64_t attr)
{
	const struct tree_change change = { .set = attr, .recursive = true };
	autoclose int tree = tree_clone(AT_FDCWD, path, true);

	TRY(tree);
	TRY(tree_change(tree, &change, path));
	return steal_fd(&tree);
}

/* A user namespace may mount what it owns, and what it already sees without anything hidden; the
 * host's instance, read-only, is what remains. */
static int make_sysfs(const struct spec *spec, const struct spec_mount *mount)
{
	int tree = make_plain(spec, mount, -1);

	if (tree != -EPERM || spec->ns[NS_USER].mode == NS_HOST)
		return tree;
	return clone_host("/sys", mount->attr_set | MOUNT_ATTR_RDONLY);
}

/* The same of processes: who shares the host's sees them in the host's instance. */
static int make_proc(const struct spec *spec, const struct spec_mount *mount)
{
	int tree = make_plain(spec, mount, -1);

	if (tree != -EPERM || spec->ns[NS_USER].mode == NS_HOST)
		return tree;
	if (spec->ns[NS_PID].mode == NS_HOST)
		return clone_host("/proc", mount->attr_set);
	hint("the kernel wants a /proc without masks outside: where berth runs in a container, "
	     "start that one with --security-opt unmask=/proc/*");
	return tree;
}

int mountfs_proc(const struct spec *spec)
{
	char type[] = "proc";
	const struct spec_mount mount = { .type = type };

	return make_proc(spec, &mount);
}

int mountfs_new(const struct spec *spec, const struct rootfs *root, const struct spec_mount *mount)
{
	if (is_type(mount, "sysfs"))
		return make_sysfs(spec, mount);
	if (is_type(mount, "proc"))
		return make_proc(spec, mount);
	if (is_type(mount, "devpts"))
		return make_devpts(spec, mount);
	return make_plain(spec, mount, root->fd);
}
