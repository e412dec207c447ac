/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/stdio.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

bool stdio_is_attached(const struct request *request, const char *stream)
{
	for (size_t i = 0; i < request->attach.n; i++)
		if (strcasecmp(request->attach.v[i], stream) == 0)
			return true;
	return request->attach.n == 0;
}

int stdio_detach(const struct request *request, struct stdio_saved *saved)
{
	static const char *const names[] = { "stdin", "stdout", "stderr" };

	for (int fd = 0; fd < 3; fd++)
		saved->fds[fd] = -1;
	for (int fd = STDOUT_FILENO; fd < 3; fd++) {
		autoclose int null = -1;

		if (request->tty || stdio_is_attached(request, names[fd]))
			continue;
		null = open("/dev/null", O_WRONLY | O_CLOEXEC);
		saved->fds[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		if (null < 0 || saved->fds[fd] < 0 || dup2(null, fd) < 0)
			return fail("cannot detach the container's %s", names[fd]);
	}
	return 0;
}

void stdio_restore(struct stdio_saved *saved)
{
	for (int fd = 0; fd < 3; fd++) {
		if (saved->fds[fd] < 0)
			continue;
		dup2(saved->fds[fd], fd);
		close(saved->fds[fd]);
		saved->fds[fd] = -1;
	}
}

/* A terminal that is read from in the background stops its reader. What has no foreground, because
 * it is no terminal of ours or has hung up, does not: its end must be seen. */
static bool is_foreground(int fd)
{
	pid_t group = tcgetpgrp(fd);

	return group < 0 || group == getpgrp();
}

/*
 * Our standard output under a description of our own that does not block: a reader that stalls must
 * not keep signals from the payload. O_NONBLOCK on the inherited one would change it for everybody.
 * A regular file never blocks, and its offset is shared with others for a reason.
 */
static int reopen_out(bool *ret_own)
{
	struct stat st;
	int fd = -1;

	if (fstat(STDOUT_FILENO, &st) == 0 && (S_ISCHR(st.st_mode) || S_ISFIFO(st.st_mode)))
		fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	*ret_own = fd >= 0;
	return fd >= 0 ? fd : STDOUT_FILENO;
}

int relay_start(struct relay *relay, const struct request *request, int console)
{
	*relay = (struct relay)RELAY_INIT;
	if (console < 0)
		return 0;
	relay->console = console;
	if (fcntl(console, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
		return fail("cannot use the container's terminal");
	relay->to_console = xcalloc(1, sizeof(*relay->to_console));
	relay->from_console = xcalloc(1, sizeof(*relay->from_console));
	if (stdio_is_attached(request, "stdout"))
		relay->out = reopen_out(&relay->own_out);
	if (request->interactive && isatty(STDIN_FILENO) && stdio_is_attached(request, "stdin")) {
		relay->in = STDIN_FILENO;
		relay->raw = true;
	}
	relay_continue(relay);
	return 0;
}

void relay_resize(const struct relay *relay)
{
	if (relay->console >= 0)
		term_copy_size(isatty(STDIN_FILENO) ? STDIN_FILENO : STDOUT_FILENO, relay->console);
}

void relay_continue(struct relay *relay)
{
	relay_resize(relay);
	if (!relay->raw || !is_foreground(STDIN_FILENO))
		return;
	/* What the shell did to it while we were stopped is not how it was before. */
	if (relay->term.fd < 0)
		(void)term_raw(&relay->term, STDIN_FILENO);
	else {
		struct term again = TERM_INIT;

		(void)term_raw(&again, STDIN_FILENO);
	}
}

static bool has_room(const struct pipe_buffer *buffer)
{
	return buffer->end < RELAY_SIZE;
}

static bool has_bytes(const struct pipe_buffer *buffer)
{
	return buffer->start < buffer->end;
}

void relay_poll(const struct relay *relay, struct pollfd polls[3])
{
	short events = 0;

	for (size_t i = 0; i < 3; i++)
		polls[i] = (struct pollfd){ .fd = -1 };
	if (relay->from_console == NULL)
		return;
	if (relay->console >= 0 && has_room(relay->from_console))
		events |= POLLIN;
	if (relay->console >= 0 && has_bytes(relay->to_console))
		events |= POLLOUT;
	if (events != 0)
		polls[0] = (struct pollfd){ .fd = relay->console, .events = events };
	if (relay->in >= 0 && has_room(relay->to_console) && is_foreground(relay->in))
		polls[1] = (struct pollfd){ .fd = relay->in, .events = POLLIN };
	if (relay->out >= 0 && has_bytes(relay->from_console))
		polls[2] = (struct pollfd){ .fd = relay->out, .events = POLLOUT };
}

/* 1: bytes came; 0: none are there now; -1: the end of the file, or an error that stays. */
static int fill(int fd, struct pipe_buffer *buffer)
{
	ssize_t n = read(fd, buffer->bytes + buffer->end, RELAY_SIZE - buffer->end);

	if (n > 0)
		buffer->end += (size_t)n;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return n > 0 ? 1 : -1;
}

static int drain(int fd, struct pipe_buffer *buffer)
{
	ssize_t n = write(fd, buffer->bytes + buffer->start, buffer->end - buffer->start);

	if (n > 0)
		buffer->start += (size_t)n;
	if (buffer->start == buffer->end)
		buffer->start = buffer->end = 0;
	return n >= 0 || errno == EAGAIN || errno == EINTR ? 0 : -1;
}

static void forget(struct pipe_buffer *buffer)
{
	buffer->start = buffer->end = 0;
}

/* Our side went away: the payload's terminal hangs up, as it would without us in between. */
static void hang_up(struct relay *relay)
{
	cleanup_close(&relay->console);
	relay->console = -1;
	relay->in = -1;
	forget(relay->to_console);
}

static void read_console(struct relay *relay)
{
	int rc = fill(relay->console, relay->from_console);

	if (rc < 0 || (rc == 0 && relay->finished))
		hang_up(relay);
	if (relay->out < 0) /* nobody reads it, and the payload must not stall */
		forget(relay->from_console);
}

void relay_run(struct relay *relay, const struct pollfd polls[3])
{
	const short readable = POLLIN | POLLHUP | POLLERR;

	if ((polls[0].revents & POLLOUT) != 0 && drain(relay->console, relay->to_console) < 0)
		forget(relay->to_console);
	if ((polls[0].revents & readable) != 0 ||
	    (relay->finished && relay->console >= 0 && has_room(relay->from_console)))
		read_console(relay);
	if ((polls[2].revents & (POLLOUT | POLLERR | POLLHUP)) != 0 &&
	    drain(relay->out, relay->from_console) < 0) {
		if (errno != EPIPE && errno != EIO)
			relay->out_error = errno;
		forget(relay->from_console);
		hang_up(relay);
	}
	if ((polls[1].revents & readable) != 0 && relay->in >= 0 &&
	    fill(relay->in, relay->to_console) < 0)
		hang_up(relay);
}

static void finish(struct relay *relay)
{
	relay->finished = true;
	relay->in = -1;
	if (relay->console >= 0 && has_room(relay->from_console))
		read_console(relay);
}

static bool is_pending(const struct relay *relay)
{
	return relay->from_console != NULL && relay->out >= 0 &&
	       (relay->console >= 0 || has_bytes(relay->from_console));
}

void relay_drain(struct relay *relay, struct signals *signals)
{
	struct pollfd polls[4] = { [3] = { .fd = signals->fd, .events = POLLIN } };
	struct signalfd_siginfo info;

	finish(relay);
	while (is_pending(relay)) {
		relay_poll(relay, polls);
		if (poll(polls, ARRAY_SIZE(polls), -1) < 0)
			return;
		relay_run(relay, polls);
		while (polls[3].revents != 0 && signals_next(signals, &info))
			if (info.ssi_signo == SIGINT || info.ssi_signo == SIGTERM ||
			    info.ssi_signo == SIGHUP || info.ssi_signo == SIGQUIT)
				return;
	}
}

void relay_release(struct relay *relay)
{
	term_restore(&relay->term);
	cleanup_close(&relay->console);
	if (relay->own_out)
		close(relay->out);
	free(relay->to_console);
	free(relay->from_console);
	*relay = (struct relay)RELAY_INIT;
}
