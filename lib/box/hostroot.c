/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/hostroot.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/path.h"
#include "box/copyup.h"
#include "box/mountinfo.h"
#include "box/overlay.h"
#include "box/rootfs.h"
#include "box/tree.h"

/*
 * Without a user namespace the kernel takes "/" as a lower layer; the file systems that are mounted
 * below it are not seen through it and get an overlay each. In a user namespace they are locked to
 * their places, and a lower layer with a locked mount below is refused: there the directories that
 * lead to mounts are made anew, entry by entry, and everything else is an overlay of its own.
 *
 * The staging tmpfs, which is the working directory here, holds
 *
 *	root/		where the tree is put together
 *	upper/N work/N	those of the overlays; the payload has no path to them
 */
struct hostroot {
	struct mountinfo mounts;
	unsigned int n; /* overlays */
	uint64_t attr;
	bool trusted;           /* what is written may use attributes of the host's root */
	int userns;             /* idmap the host's files into it; or -1 */
	struct strvec writable; /* absolute paths that the payload is likely to write below */
	uid_t uid;              /* of the container's root, as it is seen here */
	gid_t gid;
};

static void hostroot_release(struct hostroot *host)
{
	mountinfo_release(&host->mounts);
	strvec_release(&host->writable);
}

/* Made by us for every container, or of no use to it. */
static const char *const left_empty[] = { "/proc", "/sys", "/dev", "/run" };

/* Views of the kernel, and what other containers work in. */
static const char *const left_out_types[] = {
	"autofs",     "binfmt_misc", "bpf",      "cgroup",   "cgroup2", "configfs",
	"debugfs",    "devpts",      "devtmpfs", "efivarfs", "fusectl", "hugetlbfs",
	"mqueue",     "nsfs",        "overlay",  "proc",     "pstore",  "rpc_pipefs",
	"securityfs", "selinuxfs",   "sysfs",    "tracefs",
};

/* A file of a directory that is made anew is copied, so that it can be replaced; large ones are
 * shown as they are, read-only. */
#define COPY_MAX (1L << 20)

/* stat(2) of an owner that has no mapping. */
#define OVERFLOW_ID 65534

static bool is_left_empty(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(left_empty); i++)
		if (path_is_within(path, left_empty[i]))
			return true;
	return false;
}

static bool is_left_out(const struct mountpoint *point)
{
	for (size_t i = 0; i < ARRAY_SIZE(left_out_types); i++)
		if (strcmp(point->type, left_out_types[i]) == 0)
			return true;
	return is_left_empty(point->path);
}

static const struct mountpoint *find_mount(const struct hostroot *host, const char *path)
{
	for (size_t i = 0; i < host->mounts.n; i++)
		if (strcmp(host->mounts.v[i].path, path) == 0)
			return &host->mounts.v[i];
	return NULL;
}

static bool has_mounts_below(const struct hostroot *host, const char *path)
{
	for (size_t i = 0; i < host->mounts.n; i++)
		if (strcmp(host->mounts.v[i].path, path) != 0 &&
		    path_is_within(host->mounts.v[i].path, path))
			return true;
	return false;
}

/* A directory like the host's; owners without a mapping become the container's root. */
static int make_like(const struct hostroot *host, const char *path, const struct stat *st)
{
	bool keep = host->userns < 0;
	uid_t uid = keep && st->st_uid != OVERFLOW_ID ? st->st_uid : host->uid;
	gid_t gid = keep && st->st_gid != OVERFLOW_ID ? st->st_gid : host->gid;

	if (mkdir(path, st->st_mode & 07777) < 0 && errno != EEXIST)
		return fail("cannot make '%s' in the copy of the host", path);
	if ((uid != 0 || gid != 0) && lchown(path, uid, gid) < 0 && errno != EINVAL)
		return fail("cannot change the owner of '%s' in the copy of the host", path);
	return 0;
}

/* Where who calls us works, and where everybody may write. */
static void find_writable(const struct spec *spec, struct hostroot *host)
{
	const char *const places[] = { "/var/tmp", getenv("HOME"), getenv("TMPDIR"),
				       spec->process.cwd };
	char cwd[PATH_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (places[i] != NULL && places[i][0] == '/')
			strvec_push_owned(&host->writable, path_clean(places[i]));
	if (getcwd(cwd, sizeof(cwd)) != NULL && cwd[0] == '/')
		strvec_push(&host->writable, cwd);
}

/* The directories below `path` that lead to `place`, up to the first that can be copied. */
static int make_way(const struct hostroot *host, const char *path, const char *place,
		    const char *upper)
{
	autofree char *level = xstrdup(place);
	bool more = true;

	for (char *end = level + strlen(path); more && *end == '/';) {
		autofree char *copy = NULL;
		struct stat st;

		end += strcspn(end + 1, "/") + 1;
		more = *end == '/';
		*end = '\0';
		if (lstat(level, &st) < 0 || !S_ISDIR(st.st_mode) ||
		    (st.st_uid != OVERFLOW_ID && st.st_gid != OVERFLOW_ID))
			return 0;
		copy = path_join(upper, level + strlen(path) + 1);
		TRY(make_like(host, copy, &st));
		*end = more ? '/' : '\0';
	}
	return 0;
}

/* The kernel cannot copy a directory whose owner has no mapping, and so nothing below it: those
 * that lead to where the payload writes are made in the upper layer. */
static int make_ways(const struct hostroot *host, const char *path, const char *upper)
{
	for (size_t i = 0; i < host->writable.n; i++)
		if (strcmp(path, "/") != 0 && path_is_within(host->writable.v[i], path))
			TRY(make_way(host, path, host->writable.v[i], upper));
	return 0;
}

/* A detached overlay over one directory of the host. */
static int new_overlay(struct hostroot *host, const char *path, const struct stat *st)
{
	autofree char *upper = xasprintf("upper/%u", host->n);
	autofree char *work = xasprintf("work/%u", host->n);
	struct strvec lower = { .v = (char **)&path, .n = 1 };
	struct overlay overlay = {
		.lower = &lower,
		.upper = upper,
		.work = work,
		.attr = host->attr,
		.trusted = host->trusted,
	};

	host->n++;
	TRY(make_like(host, upper, st));
	TRY(make_ways(host, path, upper));
	if (mkdir(work, 0700) < 0)
		return fail("cannot make '%s' in the copy of the host", work);
	return host->userns >= 0 ? overlay_new_idmapped(&overlay, host->userns)
				 : overlay_new(&overlay);
}

/* Where the kernel takes no overlay of it (file systems that cannot be a lower layer): as it is,
 * and read-only. */
static int new_view(const struct hostroot *host, const char *path)
{
	const struct tree_change change = { .set = MOUNT_ATTR_RDONLY | host->attr,
					    .recursive = true };
	int tree = tree_clone(AT_FDCWD, path, true);

	TRY(tree);
	TRY(tree_change(tree, &change, path));
	return tree;
}

static int new_directory(struct hostroot *host, const char *path, const struct stat *st)
{
	int tree = new_overlay(host, path, st);

	return tree >= 0 ? tree : new_view(host, path);
}

static bool is_empty(const char *path)
{
	autodir DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			return false;
	return true;
}

/* `copy` is where `path` goes, relative to the staging area. */
static int place_directory(struct hostroot *host, const char *path, const char *copy,
			   const struct stat *st)
{
	const struct mountpoint *mount = find_mount(host, path);
	int tree;

	TRY(make_like(host, copy, st));
	if ((mount != NULL && is_left_out(mount)) || is_empty(path))
		return 0;
	tree = new_directory(host, path, st);
	/* What cannot be shown at all is an empty directory. */
	return tree < 0 ? 0 : tree_attach_at(tree, AT_FDCWD, copy);
}

static int place_file(const struct hostroot *host, const char *path, const char *copy,
		      const struct stat *st)
{
	autofree char *parent = xstrndup(path, (size_t)(strrchr(path, '/') - path) + 1);
	autofree char *copies = xstrndup(copy, (size_t)(strrchr(copy, '/') - copy) + 1);
	const char *name = strrchr(path, '/') + 1;
	autoclose int from = -1, to = -1;
	int tree;

	if (access(path, R_OK) < 0)
		return 0;
	from = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	to = open(copies, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (st->st_size <= COPY_MAX && copyup_file(from, to, name, st) == 0)
		return 0;
	tree = new_view(host, path);
	if (tree < 0 || (mknodat(to, name, S_IFREG | 0644, 0) < 0 && errno != EEXIST))
		return 0;
	return tree_attach_at(tree, to, name);
}

static int place_link(const char *path, const char *copy)
{
	char target[PATH_MAX];
	ssize_t len = readlink(path, target, sizeof(target) - 1);

	if (len < 0)
		return fail("cannot read the link '%s'", path);
	target[len] = '\0';
	if (symlink(target, copy) < 0)
		return fail("cannot make the link '%s' in the copy of the host", path);
	return 0;
}

/* Directories that lead to mounts, still to be made anew: a queue instead of recursion. */
struct queue {
	char **v;
	size_t n;
};

static void queue_release(struct queue *queue)
{
	for (size_t i = 0; i < queue->n; i++)
		free(queue->v[i]);
	free(queue->v);
}

static int place_one(struct hostroot *host, const char *path, struct queue *queue)
{
	autofree char *copy = xasprintf("root%s", path);
	struct stat st;

	if (lstat(path, &st) < 0)
		return 0;
	if (S_ISLNK(st.st_mode))
		return place_link(path, copy);
	if (S_ISREG(st.st_mode))
		return place_file(host, path, copy, &st);
	if (!S_ISDIR(st.st_mode))
		return 0;
	if (is_left_empty(path) || access(path, R_OK | X_OK) < 0)
		return make_like(host, copy, &st);
	if (!has_mounts_below(host, path))
		return place_directory(host, path, copy, &st);
	*VEC_PUSH(queue) = xstrdup(path);
	return make_like(host, copy, &st);
}

/* In a user namespace. */
static int compose(struct hostroot *host)
{
	AUTO(queue) queue = { 0 };

	*VEC_PUSH(&queue) = xstrdup("/");
	for (size_t i = 0; i < queue.n; i++) {
		autodir DIR *dir = opendir(queue.v[i]);
		struct dirent *entry;

		if (dir == NULL)
			continue;
		while ((entry = readdir(dir)) != NULL) {
			autofree char *path = NULL;

			if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
				continue;
			path = path_join(queue.v[i], entry->d_name);
			TRY(place_one(host, path, &queue));
		}
	}
	return 0;
}

/* One file system below the root; those that cannot be shown are left as the directory below. */
static int cover_mount(struct hostroot *host, int root, const char *path)
{
	autoclose int target = -1;
	struct stat st;
	int tree;

	if (lstat(path, &st) < 0 || (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode)))
		return 0;
	tree = S_ISDIR(st.st_mode) ? new_directory(host, path, &st) : new_view(host, path);
	target = path_try_open_in_root(root, path, O_PATH | O_NOFOLLOW);
	if (tree < 0 || target < 0)
		return 0;
	return tree_attach(tree, target, path);
}

/* Without a user namespace. */
static int cover(struct hostroot *host)
{
	struct stat st;
	int root;

	if (stat("/", &st) < 0)
		return fail("cannot look at '/'");
	root = new_overlay(host, "/", &st);
	TRY(root < 0 ? fail_in(root, "the host's own root") : 0);
	TRY(tree_attach_at(root, AT_FDCWD, "root"));
	for (size_t i = 0; i < host->mounts.n; i++) {
		const struct mountpoint *point = &host->mounts.v[i];

		if (strcmp(point->path, "/") != 0 && !is_left_out(point))
			TRY(cover_mount(host, root, point->path));
	}
	return 0;
}

int hostroot_new(const struct spec *spec, int userns)
{
	bool foreign = userns >= 0, locked = spec->ns[NS_USER].mode == NS_NEW && !foreign;
	AUTO(hostroot)
	host = {
		.attr = rootfs_attr(spec),
		.trusted = !locked,
		.userns = userns,
		.uid = foreign ? (uid_t)idmap_to_outside(&spec->idmaps.uid, 0) : 0,
		.gid = foreign ? (gid_t)idmap_to_outside(&spec->idmaps.gid, 0) : 0,
	};
	autoclose int staging = -1;
	int tree;

	TRY(mountinfo_read(&host.mounts));
	find_writable(spec, &host);
	staging = rootfs_enter_staging();
	TRY(staging);
	if (mkdir("root", 0755) < 0 || mkdir("upper", 0755) < 0 || mkdir("work", 0755) < 0)
		return fail("cannot make the directories of the copy of the host");
	TRY(locked ? compose(&host) : cover(&host));
	tree = tree_clone(staging, "root", true);
	TRY(tree);
	TRY(rootfs_leave_staging());
	return tree;
}
