/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BASE_LOCK_H
#define BERTH_BASE_LOCK_H

/*
 * Open file description locks (F_OFD_SETLK, Linux 3.15) on files that exist for nothing else. The
 * death of every holder of the description frees the lock. Close the returned descriptor to release
 * it.
 */
enum lock_mode {
	LOCK_SHARED,
	LOCK_EXCLUSIVE,
};

/*
 * Open (creating it, 0600) and lock. Waits; `what` names the object in the line that is printed to
 * stderr after two seconds of waiting ("waiting for the lock of ..."), and may be NULL to wait
 * silently. Returns the descriptor.
 * On a file system that can only be read a file that is there can be locked for sharing.
 */
int lock_take(int dirfd, const char *path, enum lock_mode mode, const char *what);
/* The same without waiting: -EWOULDBLOCK (with nothing recorded) where another process holds it. */
int lock_try(int dirfd, const char *path, enum lock_mode mode);
/* Is an exclusive lock held by somebody? 1 yes, 0 no (also where there is no such file), negative
 * on error. */
int lock_is_held(int dirfd, const char *path);
/* Lock a file that is already open, without waiting; 0 or -EWOULDBLOCK or another -errno. */
int lock_fd(int fd, enum lock_mode mode);

#endif
