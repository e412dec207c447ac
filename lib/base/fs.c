/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

int fs_open(int dirfd, const char *path, int flags, mode_t mode)
{
	int fd;

	do
		fd = openat(dirfd, path, flags | O_CLOEXEC, mode);
	while (fd < 0 && errno == EINTR);
	return fd >= 0 ? fd : fail("cannot open '%s'", path);
}

int fs_read_fd(int fd, const char *name, size_t max, struct buf *out)
{
	size_t before = out->len;
	size_t step = 4096;

	for (;;) {
		size_t room = max - (out->len - before);
		ssize_t n;

		/* One byte more than allowed is asked for, to see that there is more. */
		if (step > room + 1)
			step = room + 1;
		n = read(fd, buf_reserve(out, step), step);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail("cannot read '%s'", name);
		if (n == 0)
			return 0;
		if ((size_t)n > room)
			return refuse_with(EFBIG, "'%s' is larger than %zu bytes", name, max);
		out->len += (size_t)n;
		out->data[out->len] = '\0';
		if (step < (1UL << 20))
			step *= 2;
	}
}

int fs_read_file(int dirfd, const char *path, size_t max, struct buf *out)
{
	autoclose int fd = fs_open(dirfd, path, O_RDONLY | O_NOCTTY, 0);

	if (fd < 0)
		return fd;
	return fs_read_fd(fd, path, max, out);
}

int fs_write_all(int fd, const void *bytes, size_t len, const char *name)
{
	const char *from = bytes;

	while (len > 0) {
		ssize_t n = write(fd, from, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail("cannot write to '%s'", name);
		from += n;
		len -= (size_t)n;
	}
	return 0;
}

int fs_write_file(int dirfd, const char *path, const char *text)
{
	autoclose int fd = fs_open(dirfd, path, O_WRONLY | O_NOCTTY, 0);
	size_t len = strlen(text);
	ssize_t n;

	if (fd < 0)
		return fd;
	/* The files of /proc and /sys take a value in one write or not at all. */
	do
		n = write(fd, text, len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return fail("cannot write '%.64s' to '%s'", text, path);
	if ((size_t)n != len)
		return fail_with(EIO, "cannot write '%.64s' to '%s'", text, path);
	return 0;
}

int fs_random_hex(char *out, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n;) {
		unsigned char bytes[32];
		size_t want = n - i < sizeof(bytes) ? n - i : sizeof(bytes);
		ssize_t got = getrandom(bytes, want, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail("cannot get random bytes");
		for (size_t k = 0; k < (size_t)got; k++, i++) {
			out[2 * i] = digits[bytes[k] >> 4];
			out[2 * i + 1] = digits[bytes[k] & 15];
		}
	}
	out[2 * n] = '\0';
	return 0;
}

/* Some file systems have no such call for directories: they write names at once, or when they like.
 */
static int sync_open_dir(int fd)
{
	return fsync(fd) == 0 || errno == EINVAL ? 0 : -1;
}

int fs_sync_dir(int dirfd)
{
	autoclose int fd = -1;

	if (sync_open_dir(dirfd) == 0)
		return 0;
	if (errno != EBADF)
		return fail("cannot sync a directory");
	/* An O_PATH descriptor. */
	fd = fs_open(dirfd, ".", O_RDONLY | O_DIRECTORY, 0);
	TRY(fd);
	return sync_open_dir(fd) == 0 ? 0 : fail("cannot sync a directory");
}

static int sync_parent(int dirfd, const char *path)
{
	const char *slash = strrchr(path, '/');
	autofree char *parent = slash == NULL   ? xstrdup(".")
				: slash == path ? xstrdup("/")
						: xstrndup(path, (size_t)(slash - path));
	autoclose int fd = fs_open(dirfd, parent, O_RDONLY | O_DIRECTORY, 0);

	TRY(fd);
	return sync_open_dir(fd) == 0 ? 0 : fail("cannot sync the directory '%s'", parent);
}

static int write_new(int fd, const char *path, const struct buf *bytes, mode_t mode, bool durable)
{
	/* The mode that was asked for, whatever the umask is. */
	if (fchmod(fd, mode) < 0)
		return fail("cannot set the mode of '%s'", path);
	TRY(fs_write_all(fd, bytes->data, bytes->len, path));
	if (durable && fsync(fd) < 0)
		return fail("cannot sync '%s'", path);
	return 0;
}

int fs_replace_file(int dirfd, const char *path, const void *bytes, size_t len, mode_t mode,
		    bool durable)
{
	const char *slash = strrchr(path, '/');
	const struct buf content = { .data = (char *)bytes, .len = len };
	autofree char *tmp = NULL;
	autoclose int fd = -1;
	char random[17];
	int rc;

	TRY(fs_random_hex(random, 8));
	if (slash != NULL)
		tmp = xasprintf("%.*s/.%s.tmp", (int)(slash - path), path, random);
	else
		tmp = xasprintf(".%s.tmp", random);
	fd = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail("cannot create '%s'", path);
	rc = write_new(fd, path, &content, mode, durable);
	if (rc >= 0 && renameat(dirfd, tmp, dirfd, path) < 0)
		rc = fail("cannot replace '%s'", path);
	if (rc < 0) {
		unlinkat(dirfd, tmp, 0);
		return rc;
	}
	return durable ? sync_parent(dirfd, path) : 0;
}

static int mkdir_one(int dirfd, const char *path, mode_t mode)
{
	struct stat st;

	if (mkdirat(dirfd, path, mode) == 0)
		return 0;
	if (errno != EEXIST)
		return -errno;
	if (fstatat(dirfd, path, &st, 0) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

/* The directories above the last component of path. */
static int mkdir_parents(int dirfd, const char *path, mode_t mode)
{
	autofree char *part = xstrdup(path);
	char *slash = part;
	int rc = 0;

	while (rc >= 0 && (slash = strchr(slash + 1, '/')) != NULL) {
		*slash = '\0';
		rc = mkdir_one(dirfd, part, mode);
		*slash = '/';
	}
	return rc;
}

int fs_mkdirs(int dirfd, const char *path, mode_t mode)
{
	int rc = mkdir_one(dirfd, path, mode);

	if (rc == -ENOENT) {
		rc = mkdir_parents(dirfd, path, mode);
		if (rc >= 0)
			rc = mkdir_one(dirfd, path, mode);
	}
	return rc >= 0 ? 0 : fail_with(rc, "cannot make the directory '%s'", path);
}

int fs_mkdirs_open(int dirfd, const char *path, mode_t mode)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	TRY(fs_mkdirs(dirfd, path, mode));
	return fs_open(dirfd, path, O_RDONLY | O_DIRECTORY, 0);
}

int fs_exists(int dirfd, const char *path)
{
	struct stat st;

	if (fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return 1;
	if (errno == ENOENT || errno == ENOTDIR)
		return 0;
	return fail("cannot look at '%s'", path);
}
