/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"

#define MAX_TRIES 128 /* openat2 gives EAGAIN where a rename raced with ".." */
#define MAX_LINKS 40  /* dangling links that lead to each other; the kernel's own number */
#define IN_ROOT (RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)

static int open_how(int dirfd, const char *path, int flags, mode_t mode, uint64_t resolve)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned int)(flags | O_CLOEXEC),
		.mode = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ? mode : 0,
		.resolve = resolve,
	};
	long fd = -1;

	/* openat2 refuses what open ignores. */
	if ((flags & O_PATH) != 0)
		how.flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	for (int i = 0; i < MAX_TRIES; i++) {
		fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	return fd >= 0 ? (int)fd : -errno;
}

/* An empty path is the root, as "/" is. */
static int open_in(int rootfd, const char *path, int flags, mode_t mode)
{
	return open_how(rootfd, path[0] != '\0' ? path : "/", flags, mode, IN_ROOT);
}

static int fail_path(int rc, const char *what, const char *path)
{
	fail_with(rc, "cannot %s '%s' inside the root", what, path);
	if (rc == -ENOSYS)
		hint("berth needs openat2(2), which Linux has since 5.6");
	else if (rc == -ELOOP)
		hint("the path leads through a chain of symbolic links, or one into /proc");
	return rc;
}

int path_open_in_root(int rootfd, const char *path, int flags, mode_t mode)
{
	int fd = open_in(rootfd, path, flags, mode);

	return fd >= 0 ? fd : fail_path(fd, "open", path);
}

int path_try_open_in_root(int rootfd, const char *path, int flags)
{
	return open_in(rootfd, path, flags, 0);
}

int path_open_beneath(int dirfd, const char *path, int flags, mode_t mode)
{
	int fd = open_how(dirfd, path, flags, mode,
			  RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
				  RESOLVE_NO_XDEV);

	return fd >= 0 ? fd : fail_with(fd, "cannot open '%s'", path);
}

/*
 * A component that is there and cannot be opened because it is a link that leads nowhere: put what
 * the link says in its place in `path`. start and end are those of the component.
 */
static int expand_link(int parent, struct buf *path, size_t start, size_t end, int *links)
{
	autofree char *name = xstrndup(path->data + start, end - start);
	AUTO(buf) expanded = BUF_INIT;
	char target[4096];
	ssize_t len = readlinkat(parent, name, target, sizeof(target));

	if (len < 0)
		return errno == EINVAL ? -EEXIST : -errno;
	if (len == 0 || (size_t)len == sizeof(target) || ++*links > MAX_LINKS)
		return -ELOOP;
	if (target[0] != '/')
		buf_add(&expanded, path->data, start);
	buf_add(&expanded, target, (size_t)len);
	buf_add_str(&expanded, path->data + end);
	buf_release(path);
	*path = expanded;
	buf_init(&expanded);
	return 0;
}

struct owner {
	mode_t mode;
	uid_t uid;
	gid_t gid;
};

/* Make one directory in parent and open it. */
static int make_dir(int parent, const char *name, const struct owner *owner)
{
	autoclose int fd = -1;
	struct stat st;

	if (mkdirat(parent, name, owner->mode) < 0)
		return -errno;
	fd = open_how(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0,
		      RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	if (fd < 0)
		return fd;
	if (owner->uid != (uid_t)-1 || owner->gid != (gid_t)-1)
		if (fchown(fd, owner->uid, owner->gid) < 0)
			return -errno;
	/* The mode that was asked for, whatever the umask is. */
	if (fstat(fd, &st) < 0)
		return -errno;
	if ((st.st_mode & 07777) != owner->mode && fchmod(fd, owner->mode) < 0)
		return -errno;
	return open_how(fd, ".", O_PATH | O_DIRECTORY, 0, RESOLVE_BENEATH);
}

/*
 * Open the directory `path`, making what is missing. Every prefix is resolved from the root by the
 * kernel, so that links on the way mean what they mean inside; path changes where a dangling link
 * is followed to the place that it names.
 */
static int make_dirs(int rootfd, struct buf *path, const struct owner *owner, int *links)
{
	autoclose int parent = open_in(rootfd, "/", O_PATH | O_DIRECTORY, 0);
	size_t pos = 0;

	if (parent < 0)
		return parent;
	for (;;) {
		size_t start = pos + strspn(path->data + pos, "/");
		size_t end = start + strcspn(path->data + start, "/");
		autofree char *prefix = xstrndup(path->data, end);
		int fd;

		if (start == end)
			return steal_fd(&parent);
		fd = open_in(rootfd, prefix, O_PATH | O_DIRECTORY, 0);
		if (fd == -ENOENT)
			fd = make_dir(parent, prefix + start, owner);
		if (fd == -EEXIST) {
			int rc = expand_link(parent, path, start, end, links);

			if (rc < 0)
				return rc;
			/* Again from the root, which the link may have led to. */
			end = 0;
			fd = open_in(rootfd, "/", O_PATH | O_DIRECTORY, 0);
		}
		if (fd < 0)
			return fd;
		close(parent);
		parent = fd;
		pos = end;
	}
}

int path_mkdirs_in_root(int rootfd, const char *path, mode_t mode, uid_t uid, gid_t gid)
{
	const struct owner owner = { .mode = mode, .uid = uid, .gid = gid };
	int fd = open_in(rootfd, path, O_PATH | O_DIRECTORY, 0);
	AUTO(buf) work = BUF_INIT;
	int links = 0;

	if (fd >= 0)
		return fd;
	if (fd == -ENOENT) {
		buf_add_str(&work, path);
		fd = make_dirs(rootfd, &work, &owner, &links);
	}
	return fd >= 0 ? fd : fail_path(fd, "make the directory", path);
}

/* The parent's path: everything before the last slash, "/" where there is none. */
static char *parent_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL || slash == path ? xstrdup("/")
					      : xstrndup(path, (size_t)(slash - path));
}

int path_open_parent_in_root(int rootfd, const char *path, bool make_parents, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	autofree char *parent = parent_of(path);
	int fd;

	if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return refuse("'%s' does not end with the name of a file", path);
	if (make_parents)
		fd = path_mkdirs_in_root(rootfd, parent, 0755, (uid_t)-1, (gid_t)-1);
	else
		fd = path_open_in_root(rootfd, parent, O_PATH | O_DIRECTORY, 0);
	if (fd >= 0)
		*ret_name = name;
	return fd;
}

/* Make an empty file; path changes as in make_dirs(). Returns an O_PATH descriptor. */
static int make_file(int rootfd, struct buf *path, int *links)
{
	const struct owner owner = { .mode = 0755, .uid = (uid_t)-1, .gid = (gid_t)-1 };

	for (;;) {
		AUTO(buf) dir = BUF_INIT;
		autofree char *parent = parent_of(path->data);
		size_t start = (size_t)(strrchr(path->data, '/') - path->data) + 1;
		autoclose int dirfd = -1, fd = -1;
		int rc;

		buf_add_str(&dir, parent);
		dirfd = make_dirs(rootfd, &dir, &owner, links);
		if (dirfd < 0)
			return dirfd;
		rc = open_how(dirfd, path->data + start, O_PATH | O_NOFOLLOW, 0, RESOLVE_BENEATH);
		if (rc == -ENOENT)
			rc = open_how(dirfd, path->data + start,
				      O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644,
				      RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
		fd = rc;
		if (fd < 0)
			return fd;
		rc = open_in(rootfd, path->data, O_PATH, 0);
		if (rc != -ENOENT)
			return rc;
		rc = expand_link(dirfd, path, start, path->len, links);
		if (rc < 0)
			return rc;
	}
}

static int mount_target(int rootfd, struct buf *path, bool directory)
{
	const struct owner owner = { .mode = 0755, .uid = (uid_t)-1, .gid = (gid_t)-1 };
	autoclose int fd = open_in(rootfd, path->data, O_PATH, 0);
	struct stat st;
	int links = 0;

	if (fd == -ENOENT)
		fd = directory ? make_dirs(rootfd, path, &owner, &links)
			       : make_file(rootfd, path, &links);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode))
		return -ELOOP;
	if (S_ISDIR(st.st_mode) != directory)
		return directory ? -ENOTDIR : -EISDIR;
	return steal_fd(&fd);
}

int path_mount_target(int rootfd, const char *path, bool directory)
{
	AUTO(buf) work = BUF_INIT;
	int fd;

	if (path[0] != '/')
		buf_add_char(&work, '/');
	buf_add_str(&work, path);
	while (work.len > 1 && work.data[work.len - 1] == '/')
		buf_truncate(&work, work.len - 1);
	fd = mount_target(rootfd, &work, directory);
	return fd >= 0 ? fd : fail_path(fd, "make the mount point", path);
}

int path_reopen(int fd, int flags)
{
	autoclose int proc = -1;
	struct statfs fs;
	char name[32];
	struct stat st;
	int rc;

	if (fstat(fd, &st) < 0)
		return fail("cannot look at a descriptor");
	if (S_ISDIR(st.st_mode)) {
		rc = open_how(fd, ".", flags, 0, RESOLVE_BENEATH);
		return rc >= 0 ? rc : fail_with(rc, "cannot reopen a directory");
	}
	if (!S_ISREG(st.st_mode))
		return refuse("cannot reopen what is no regular file and no directory");
	proc = open("/proc/thread-self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0)
		return fail("cannot open '/proc/thread-self/fd'");
	if (fstatfs(proc, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)
		return refuse("'/proc' is not the proc file system");
	snprintf(name, sizeof(name), "%d", fd);
	rc = openat(proc, name, flags | O_CLOEXEC);
	return rc >= 0 ? rc : fail("cannot reopen a file");
}

bool path_is_same_mount(int a, int b)
{
	struct statx left, right;

	return statx(a, "", AT_EMPTY_PATH, STATX_MNT_ID, &left) == 0 &&
	       statx(b, "", AT_EMPTY_PATH, STATX_MNT_ID, &right) == 0 &&
	       left.stx_mnt_id == right.stx_mnt_id;
}

char *path_clean(const char *path)
{
	AUTO(buf) out = BUF_INIT;

	for (const char *at = path; *at != '\0';) {
		size_t len;

		at += strspn(at, "/");
		len = strcspn(at, "/");
		if (len == 2 && at[0] == '.' && at[1] == '.') {
			const char *slash = strrchr(out.data, '/');

			buf_truncate(&out, slash != NULL ? (size_t)(slash - out.data) : 0);
		} else if (len > 0 && !(len == 1 && at[0] == '.')) {
			buf_add_char(&out, '/');
			buf_add(&out, at, len);
		}
		at += len;
	}
	if (out.len == 0)
		buf_add_char(&out, '/');
	return buf_steal(&out);
}

char *path_join(const char *base, const char *path)
{
	size_t len = strlen(base);

	if (path[0] == '/')
		return xstrdup(path);
	while (len > 0 && base[len - 1] == '/')
		len--;
	return xasprintf("%.*s/%s", (int)len, base, path);
}

int path_absolute(const char *path, char **ret_path)
{
	autofree char *here = path[0] == '/' ? NULL : getcwd(NULL, 0);
	autofree char *joined = NULL;

	if (path[0] != '/' && here == NULL)
		return fail("cannot find the current directory, which '%s' starts from", path);
	joined = path_join(here != NULL ? here : "/", path);
	*ret_path = path_clean(joined);
	return 0;
}

bool path_is_within(const char *inner, const char *outer)
{
	size_t len = strlen(outer);

	if (strcmp(outer, "/") == 0)
		return inner[0] == '/';
	return strncmp(inner, outer, len) == 0 && (inner[len] == '\0' || inner[len] == '/');
}
