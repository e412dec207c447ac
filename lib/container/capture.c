/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/capture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "container/logplace.h"

static int open_journal(const struct record *record, const struct log_config *config,
			struct log *ret_log)
{
	AUTO(buf) tag = BUF_INIT;

	TRY(logplace_tag(record, config, &tag));
	return log_open_journal(config, record, tag.len != 0 ? tag.data : NULL, ret_log);
}

int capture_open(const struct host *host, struct container *container, struct capture *ret_capture)
{
	struct capture capture = CAPTURE_INIT;
	struct record *record = &container->record;
	struct log_config config;
	autofree char *path = NULL, *attrs = NULL;

	TRY(log_config_parse(record->log_driver, &record->log_options, &config));
	capture.log.config = config;
	if (log_is_file(config.kind)) {
		TRY(logplace_make(host, record, &config, &path));
		TRY(logplace_attrs(record, &config, &attrs));
		TRY(log_open(&config, path, attrs, &capture.log));
	}
	if (config.kind == LOG_JOURNALD)
		TRY(open_journal(record, &config, &capture.log));
	/* Where it cannot be, nobody attaches, and all else works. */
	if (config.kind != LOG_PASSTHROUGH && audience_open(record->dirfd, &capture.audience) < 0)
		err_clear();
	capture.open = true;
	*ret_capture = capture;
	return 0;
}

static void close_given(struct capture *capture)
{
	for (int i = 0; i < 3; i++) {
		cleanup_close(&capture->given[i]);
		capture->given[i] = -1;
	}
}

static int make_pipe(int *ret_read, int *ret_write)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail("cannot make a pipe for the payload");
	*ret_read = ends[0];
	*ret_write = ends[1];
	return 0;
}

static int set_nonblocking(int fd)
{
	return fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0
		       ? fail("cannot use a pipe of the payload")
		       : 0;
}

static int make_input(struct capture *capture, const struct request *request)
{
	if (!request->interactive || request->tty)
		return 0;
	TRY(make_pipe(&capture->given[STDIN_FILENO], &capture->in));
	return set_nonblocking(capture->in);
}

static int make_outputs(struct capture *capture, const struct request *request)
{
	for (int i = 0; i < CAPTURE_MAX && !request->tty; i++) {
		if (capture->log.config.kind == LOG_PASSTHROUGH)
			continue;
		TRY(make_pipe(&capture->fds[i], &capture->given[STDOUT_FILENO + i]));
		TRY(set_nonblocking(capture->fds[i]));
	}
	return 0;
}

/* 0, 1 and 2 become the payload's ends, or /dev/null. */
static int put_in_place(const struct capture *capture, bool passthrough)
{
	autoclose int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return fail("cannot open '/dev/null'");
	for (int i = 0; i < 3; i++) {
		int fd = capture->given[i];

		if (fd < 0 && passthrough)
			continue;
		if (dup2(fd >= 0 ? fd : null, i) < 0)
			return fail("cannot use a pipe as descriptor %d", i);
	}
	return 0;
}

int capture_give(struct capture *capture, struct container *container,
		 const struct request *request)
{
	const bool passthrough = capture->log.config.kind == LOG_PASSTHROUGH;

	if (passthrough && request->tty)
		return refuse("--log-driver passthrough: with -t there is nothing of the caller's "
			      "to pass on");
	if (!passthrough)
		TRY(make_input(capture, request));
	TRY(make_outputs(capture, request));
	container->spec.process.own_stdio = !passthrough && !request->tty;
	container->spec.process.stdin_keep = false;
	return put_in_place(capture, passthrough);
}

int capture_take(struct capture *capture, int console)
{
	close_given(capture);
	TRY(put_in_place(capture, false));
	if (console < 0)
		return 0;
	capture->fds[CAPTURE_STDOUT] = console;
	capture->terminal = true;
	return set_nonblocking(console);
}

/* Where what is typed goes; -1: nowhere. */
static int input_fd(const struct capture *capture)
{
	return capture->terminal ? capture->fds[CAPTURE_STDOUT] : capture->in;
}

void capture_poll(const struct capture *capture, struct pollfd polls[CAPTURE_POLLS])
{
	const bool waiting = capture->typed.len > 0;

	for (int i = 0; i < CAPTURE_MAX; i++)
		polls[i] = (struct pollfd){ .fd = capture->fds[i], .events = POLLIN };
	polls[CAPTURE_MAX] =
		(struct pollfd){ .fd = waiting ? input_fd(capture) : -1, .events = POLLOUT };
	audience_poll(&capture->audience, !waiting, polls + CAPTURE_MAX + 1);
}

/* 1: some was read; 0: there is none now; -1: there will be none. */
static int read_some(struct capture *capture, int i)
{
	ssize_t n;

	if (capture->buffer == NULL)
		capture->buffer = xalloc(LOG_PIECE_MAX);
	n = read(capture->fds[i], capture->buffer, LOG_PIECE_MAX);
	if (n > 0) {
		log_write(&capture->log, i == CAPTURE_STDOUT ? LOG_STDOUT : LOG_STDERR,
			  capture->buffer, (size_t)n);
		audience_send(&capture->audience,
			      i == CAPTURE_STDOUT ? ATTACH_STDOUT : ATTACH_STDERR, capture->buffer,
			      (size_t)n);
		return 1;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	cleanup_close(&capture->fds[i]);
	capture->fds[i] = -1;
	return -1;
}

static void write_typed(struct capture *capture)
{
	struct buf *typed = &capture->typed;
	ssize_t n = write(input_fd(capture), typed->data, typed->len);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* A payload that closed its input is not told what comes. */
	if (n < 0 || (size_t)n == typed->len) {
		buf_release(typed);
		return;
	}
	memmove(typed->data, typed->data + n, typed->len - (size_t)n);
	buf_truncate(typed, typed->len - (size_t)n);
}

static void take_input(void *arg, const char *bytes, size_t len)
{
	struct capture *capture = arg;

	if (input_fd(capture) < 0)
		return;
	buf_add(&capture->typed, bytes, len);
	write_typed(capture);
}

static void take_size(void *arg, const struct winsize *size)
{
	const struct capture *capture = arg;

	if (capture->terminal && capture->fds[CAPTURE_STDOUT] >= 0)
		(void)ioctl(capture->fds[CAPTURE_STDOUT], TIOCSWINSZ, size);
}

void capture_run(struct capture *capture, const struct pollfd polls[CAPTURE_POLLS])
{
	const struct audience_ears ears = { take_input, take_size, capture };

	for (int i = 0; i < CAPTURE_MAX; i++)
		if (capture->fds[i] >= 0 && polls[i].revents != 0)
			(void)read_some(capture, i);
	if (polls[CAPTURE_MAX].revents != 0 && input_fd(capture) >= 0)
		write_typed(capture);
	audience_run(&capture->audience, polls + CAPTURE_MAX + 1, &ears);
}

/* A process that outlives the payload, of the host's namespace, may go on writing: what is there
 * now is the container's. */
void capture_finish(struct capture *capture)
{
	for (int i = 0; i < CAPTURE_MAX; i++) {
		while (capture->fds[i] >= 0 && read_some(capture, i) > 0)
			continue;
		cleanup_close(&capture->fds[i]);
		capture->fds[i] = -1;
	}
	cleanup_close(&capture->in);
	capture->in = -1;
	capture->terminal = false;
	buf_release(&capture->typed);
}

void capture_dismiss(struct capture *capture, int status)
{
	audience_dismiss(&capture->audience, status);
}

void capture_release(struct capture *capture)
{
	close_given(capture);
	capture_finish(capture);
	audience_release(&capture->audience);
	log_release(&capture->log);
	free(capture->buffer);
	*capture = (struct capture)CAPTURE_INIT;
}
