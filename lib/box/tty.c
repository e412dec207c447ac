/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/tty.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/err.h"
#include "box/tree.h"

/* Majors 136 to 143 are those of pts (Documentation/admin-guide/devices.txt). */
#define PTS_MAJOR_FIRST 136
#define PTS_MAJOR_LAST 143

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

static int open_master(int pts)
{
	autoclose int fd = openat(pts, "ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
	struct statfs fs;
	int unlock = 0;

	if (fd < 0)
		return fail("cannot open the container's '/dev/pts/ptmx'");
	if (fstatfs(fd, &fs) < 0 || fs.f_type != DEVPTS_SUPER_MAGIC)
		return refuse("the container's '/dev/pts' is not a devpts file system");
	if (ioctl(fd, TIOCSPTLCK, &unlock) < 0)
		return fail("cannot unlock the container's terminal");
	return steal_fd(&fd);
}

/* From the master itself: the number of the pts is looked up nowhere. */
static int open_peer(int master)
{
	autoclose int fd = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return fail("cannot open the container's terminal");
	if (!S_ISCHR(st.st_mode) || major(st.st_rdev) < PTS_MAJOR_FIRST ||
	    major(st.st_rdev) > PTS_MAJOR_LAST)
		return refuse("the container's terminal is not a pts");
	return steal_fd(&fd);
}

/* /dev/console is bound from the descriptor onto a file that we make. */
static int bind_console(const struct rootfs *root, int peer)
{
	autoclose int tree = -1;

	if (root->dev < 0)
		return 0;
	/* A device that somebody has asked for is covered like a file. */
	if (mknodat(root->dev, "console", S_IFREG | 0600, 0) < 0 && errno != EEXIST)
		return fail("cannot make '/dev/console'");
	tree = tree_clone(peer, "", false);
	TRY(tree);
	return tree_attach_at(tree, root->dev, "console");
}

int tty_open(int pts, struct tty *ret_tty)
{
	autoclose int master = -1, peer = -1;

	master = open_master(pts);
	TRY(master);
	peer = open_peer(master);
	TRY(peer);
	ret_tty->master = steal_fd(&master);
	ret_tty->peer = steal_fd(&peer);
	return 0;
}

int tty_size(const struct spec_process *process, const struct tty *tty)
{
	const struct winsize size = { .ws_row = process->console_height,
				      .ws_col = process->console_width };

	if ((size.ws_row != 0 || size.ws_col != 0) && ioctl(tty->master, TIOCSWINSZ, &size) < 0)
		return fail("process.consoleSize: cannot set it");
	return 0;
}

int tty_make(const struct spec *spec, const struct rootfs *root, struct tty *ret_tty)
{
	if (!spec->process.terminal)
		return 0;
	if (root->pts < 0)
		return refuse("a terminal needs a devpts file system on '/dev/pts'");
	TRY(tty_open(root->pts, ret_tty));
	TRY(tty_size(&spec->process, ret_tty));
	return bind_console(root, ret_tty->peer);
}

int tty_give(const struct spec_process *process, const struct tty *tty, uid_t uid)
{
	if (tty->peer < 0)
		return 0;
	if (uid != 0 && fchown(tty->peer, uid, (gid_t)-1) < 0)
		return fail("cannot give the terminal to user %u", uid);
	for (int fd = process->stdin_keep ? 1 : 0; fd <= 2; fd++)
		if (dup2(tty->peer, fd) < 0)
			return fail("cannot use the terminal as descriptor %d", fd);
	return 0;
}

/* A pipe that was made for it: /dev/stdout is opened anew by many programs, with the rights of the
 * payload's user. */
static int own_pipes(uid_t uid)
{
	struct stat st;

	for (int fd = 0; fd <= 2; fd++)
		if (fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) && st.st_uid != uid &&
		    fchown(fd, uid, (gid_t)-1) < 0)
			return fail("cannot give descriptor %d to user %u", fd, uid);
	return 0;
}

int tty_take(const struct spec_process *process, const struct tty *tty, uid_t uid)
{
	/* Who has outlived its parent has one. */
	if (setsid() < 0 && getsid(0) != getpid())
		return fail("cannot start a session");
	if (process->own_stdio)
		TRY(own_pipes(uid));
	if (tty->peer >= 0 && ioctl(tty->peer, TIOCSCTTY, 0) < 0)
		return fail("cannot make it the controlling terminal");
	return tty_give(process, tty, uid);
}
