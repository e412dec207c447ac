/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_CAPTURE_H
#define BERTH_CONTAINER_CAPTURE_H

#include <poll.h>

#include "container/audience.h"
#include "container/log.h"
#include "container/make.h"
#include "container/request.h"

/*
 * The standard streams of a payload in the background, from the monitor's side: pipes, or with -t
 * the container's terminal, that are read into the log and shown to who is attached. The payload
 * never waits for anything but the disk.
 *
 *	capture_open()	the log is there
 *	capture_give()	descriptors 0, 1 and 2 of this process are the payload's, for box_spawn()
 *	capture_take()	they are /dev/null again; the console of -t is taken over
 *	capture_poll(), capture_run()
 *	capture_finish() the payload is gone: what is in the pipes is all there will be
 */
enum {
	CAPTURE_STDOUT, /* or the terminal */
	CAPTURE_STDERR,
	CAPTURE_MAX,
};

/* What is read, its input, and who is attached. */
#define CAPTURE_POLLS (CAPTURE_MAX + 1 + AUDIENCE_POLLS)

struct capture {
	struct log log;
	bool open;
	int fds[CAPTURE_MAX]; /* -1: nothing is read */
	int given[3];         /* the payload's ends; -1: /dev/null, or what is there */
	int in;               /* our end of its standard input with -i */
	bool terminal;        /* fds[CAPTURE_STDOUT] is it, and is written to as well */
	struct audience audience;
	char *buffer;
	struct buf typed; /* by who is attached, and not yet taken by the payload */
};

#define CAPTURE_INIT \
	{ \
		.log = LOG_INIT, .fds = { -1, -1 }, .given = { -1, -1, -1 }, .in = -1, \
		.audience = AUDIENCE_INIT, .typed = BUF_INIT \
	}

/* Open the log of the container, as its record says. */
int capture_open(const struct host *host, struct container *container, struct capture *ret_capture);
/* May be called again for a container that is started again. */
int capture_give(struct capture *capture, struct container *container,
		 const struct request *request);
int capture_take(struct capture *capture, int console);
void capture_poll(const struct capture *capture, struct pollfd polls[CAPTURE_POLLS]);
void capture_run(struct capture *capture, const struct pollfd polls[CAPTURE_POLLS]);
void capture_finish(struct capture *capture);
/* After that: who is attached is told how it ended. */
void capture_dismiss(struct capture *capture, int status);
void capture_release(struct capture *capture);

#endif
