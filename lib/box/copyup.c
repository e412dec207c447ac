/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/copyup.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"

/* The stack and the descriptors that a deep tree takes are bounded. */
#define DEPTH_MAX 128

/* At once; sendfile(2) takes no more than 2 GiB. */
#define CHUNK (1UL << 30)

struct copy {
	const char *name; /* of the directory, for messages */
	int depth;
	int (*directory)(int from, int to, const struct copy *copy); /* copy_directory() */
};

static int copy_owner(int dirfd, const char *name, const struct stat *st)
{
	if ((st->st_uid != 0 || st->st_gid != 0) &&
	    fchownat(dirfd, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 &&
	    errno != EINVAL && errno != EPERM)
		return -errno;
	return 0;
}

int copyup_file(int from, int to, const char *name, const struct stat *st)
{
	autoclose int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	autoclose int out = -1;
	ssize_t n;

	if (in < 0)
		return -errno;
	out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (out < 0)
		return -errno;
	while ((n = sendfile(out, in, NULL, CHUNK)) > 0)
		;
	if (n < 0)
		return -errno;
	TRY(copy_owner(to, name, st));
	return fchmod(out, st->st_mode & 07777) < 0 ? -errno : 0;
}

static int copy_link(int from, int to, const char *name, const struct stat *st)
{
	char target[PATH_MAX];
	ssize_t len = readlinkat(from, name, target, sizeof(target) - 1);

	if (len < 0)
		return -errno;
	target[len] = '\0';
	if (symlinkat(target, to, name) < 0)
		return -errno;
	return copy_owner(to, name, st);
}

static int copy_subdirectory(int from, int to, const char *name, const struct stat *st,
			     const struct copy *copy)
{
	const struct copy below = { copy->name, copy->depth + 1, copy->directory };
	autoclose int in = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	autoclose int out = -1;

	if (in < 0)
		return -errno;
	if (below.depth > DEPTH_MAX)
		return -ENAMETOOLONG;
	if (mkdirat(to, name, 0700) < 0)
		return -errno;
	out = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (out < 0)
		return -errno;
	TRY(copy->directory(in, out, &below));
	TRY(copy_owner(to, name, st));
	return fchmod(out, st->st_mode & 07777) < 0 ? -errno : 0;
}

static int copy_entry(int from, int to, const char *name, const struct copy *copy)
{
	struct stat st;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	switch (st.st_mode & S_IFMT) {
	case S_IFDIR:
		return copy_subdirectory(from, to, name, &st, copy);
	case S_IFREG:
		return copyup_file(from, to, name, &st);
	case S_IFLNK:
		return copy_link(from, to, name, &st);
	default:
		return 0;
	}
}

static int copy_directory(int from, int to, const struct copy *copy)
{
	int fd = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autodir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (dir == NULL)
		return -errno;
	while ((entry = readdir(dir)) != NULL) {
		int rc;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		rc = copy_entry(from, to, entry->d_name, copy);
		/* Somebody else has removed it meanwhile. */
		if (rc == -ENOENT && err_text()[0] == '\0')
			continue;
		/* Where the leaf has said it already the callers pass it on. */
		if (rc < 0)
			return err_text()[0] != '\0' ? rc
						     : fail_with(rc, "cannot copy '%s' of '%s'",
								 entry->d_name, copy->name);
	}
	return 0;
}

int copyup(int from, int to, const char *name)
{
	const struct copy copy = { name, 0, copy_directory };

	err_clear();
	return copy_directory(from, to, &copy);
}

int copyup_top(int from, int to, const char *name)
{
	struct stat st;
	int rc = fstat(from, &st) < 0 ? -errno : 0;

	if (rc == 0 && (st.st_uid != 0 || st.st_gid != 0) &&
	    fchownat(to, "", st.st_uid, st.st_gid, AT_EMPTY_PATH) < 0 && errno != EINVAL &&
	    errno != EPERM)
		rc = -errno;
	if (rc == 0 && fchmodat(to, ".", st.st_mode & 07777, 0) < 0)
		rc = -errno;
	return rc < 0 ? fail_with(rc, "cannot make the volume on '%s' what the image has there",
				  name)
		      : 0;
}
