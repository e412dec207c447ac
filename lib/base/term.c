/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/term.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/err.h"

int term_raw(struct term *term, int fd)
{
	struct termios raw;

	if (tcgetattr(fd, &term->before) < 0)
		return 0;
	raw = term->before;
	cfmakeraw(&raw);
	if (tcsetattr(fd, TCSANOW, &raw) < 0)
		return fail("cannot put the terminal into raw mode");
	term->fd = fd;
	return 0;
}

void term_restore(struct term *term)
{
	if (term->fd < 0)
		return;
	/* Drained: what the payload printed last belongs to its own mode. */
	tcsetattr(term->fd, TCSADRAIN, &term->before);
	term->fd = -1;
}

void term_copy_size(int from, int to)
{
	struct winsize size;

	if (ioctl(from, TIOCGWINSZ, &size) == 0)
		ioctl(to, TIOCSWINSZ, &size);
}

int term_columns(int fd)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return 80;
}
