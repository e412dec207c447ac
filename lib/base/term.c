/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/term.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
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

#define LINE_MAX_LEN 4096 /* of a terminal, N_TTY_BUF_SIZE of the kernel */

static int read_line(struct buf *ret_answer)
{
	char line[LINE_MAX_LEN];
	ssize_t n = read(STDIN_FILENO, line, sizeof(line));
	int rc = 0;

	if (n < 0)
		return errno == EINTR ? 0 : fail("cannot read from the terminal");
	if (n == 0)
		return refuse("there was no answer");
	if (line[n - 1] == '\n')
		buf_add(ret_answer, line, (size_t)n - 1);
	else
		rc = refuse("the line has no end");
	explicit_bzero(line, sizeof(line));
	return rc < 0 ? rc : 1;
}

/* 1: answered; 0: a signal came first. The signals are blocked, and signals_fd tells of them. */
static int ask_once(const char *question, int signals_fd, bool echo, struct buf *ret_answer)
{
	struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN },
				{ .fd = signals_fd, .events = POLLIN } };
	struct termios before, silent;
	int rc = 0;

	if (tcgetattr(STDIN_FILENO, &before) < 0)
		return fail("standard input is no terminal");
	silent = before;
	if (!echo)
		silent.c_lflag &= ~(tcflag_t)ECHO;
	silent.c_lflag |= ICANON | ISIG | ECHONL;
	if (tcsetattr(STDIN_FILENO, TCSADRAIN, &silent) < 0)
		return fail("cannot set the terminal up");
	/* Who answers as soon as he sees it is not seen. */
	(void)!write(STDERR_FILENO, question, strlen(question));
	if (poll(fds, ARRAY_SIZE(fds), -1) > 0 && fds[1].revents == 0)
		rc = read_line(ret_answer);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
	return rc;
}

int term_ask(const char *question, bool echo, struct buf *ret_answer)
{
	static const int wanted[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP };
	sigset_t signals, before;
	autoclose int fd = -1;
	int rc = 0;

	sigemptyset(&signals);
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		sigaddset(&signals, wanted[i]);
	fd = signalfd(-1, &signals, SFD_CLOEXEC);
	if (fd < 0)
		return fail("cannot wait for signals");
	while (rc == 0) {
		sigprocmask(SIG_BLOCK, &signals, &before);
		rc = ask_once(question, fd, echo, ret_answer);
		/* What came in between ends or stops us here. */
		sigprocmask(SIG_SETMASK, &before, NULL);
	}
	return rc < 0 ? rc : 0;
}
