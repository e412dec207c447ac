/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/escape.h"

#define QUIET_MS 2000 /* of waiting before a line says so */

static int set_lock(int fd, enum lock_mode mode, int command)
{
	struct flock lock = {
		.l_type = mode == LOCK_SHARED ? F_RDLCK : F_WRLCK,
		.l_whence = SEEK_SET,
	};

	if (fcntl(fd, command, &lock) == 0)
		return 0;
	return errno == EAGAIN || errno == EACCES ? -EWOULDBLOCK : -errno;
}

int lock_fd(int fd, enum lock_mode mode)
{
	return set_lock(fd, mode, F_OFD_SETLK);
}

/* Who only reads is content with a file system that can only be read. */
static int open_lock(int dirfd, const char *path, enum lock_mode mode)
{
	int fd = openat(dirfd, path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 && errno == EROFS && mode == LOCK_SHARED)
		fd = openat(dirfd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0 ? fd : fail("cannot open the lock '%s'", path);
}

/* Poll as long as nobody would notice, and let the kernel wake us after that. */
static int wait_lock(int fd, enum lock_mode mode, const char *what)
{
	AUTO(buf) line = BUF_INIT;
	int64_t waited_us = 0;
	int rc;

	for (int64_t us = 500; waited_us < QUIET_MS * 1000; waited_us += us) {
		struct timespec pause = { .tv_nsec = us * 1000 };

		nanosleep(&pause, NULL);
		rc = lock_fd(fd, mode);
		if (rc != -EWOULDBLOCK)
			return rc;
		us = us < 20000 ? us * 2 : us;
	}
	if (what != NULL) {
		buf_add_str(&line, "berth: waiting for the lock of ");
		escape_text(&line, what);
		buf_add_char(&line, '\n');
		(void)!write(STDERR_FILENO, line.data, line.len);
	}
	do
		rc = set_lock(fd, mode, F_OFD_SETLKW);
	while (rc == -EINTR);
	return rc;
}

int lock_take(int dirfd, const char *path, enum lock_mode mode, const char *what)
{
	autoclose int fd = open_lock(dirfd, path, mode);
	int rc;

	TRY(fd);
	rc = lock_fd(fd, mode);
	if (rc == -EWOULDBLOCK)
		rc = wait_lock(fd, mode, what);
	if (rc < 0)
		return fail_with(rc, "cannot lock '%s'", path);
	return steal_fd(&fd);
}

int lock_try(int dirfd, const char *path, enum lock_mode mode)
{
	autoclose int fd = open_lock(dirfd, path, mode);
	int rc;

	TRY(fd);
	rc = lock_fd(fd, mode);
	if (rc == -EWOULDBLOCK)
		return rc;
	if (rc < 0)
		return fail_with(rc, "cannot lock '%s'", path);
	return steal_fd(&fd);
}

int lock_is_held(int dirfd, const char *path)
{
	/* Asking whether a shared lock would be granted finds the exclusive ones. */
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
	autoclose int fd = openat(dirfd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : fail("cannot open '%s'", path);
	if (fcntl(fd, F_OFD_GETLK, &lock) < 0)
		return fail("cannot ask for the lock '%s'", path);
	return lock.l_type == F_UNLCK ? 0 : 1;
}
