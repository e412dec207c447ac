/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_CAPTURE_H
#define BERTH_CONTAINER_CAPTURE_H

#include <poll.h>

#include "container/log.h"
#include "container/make.h"
#include "container/request.h"

/*
 * The standard streams of a payload in the background, from the monitor's side: pipes, or with -t
 * the container's terminal, that are read into the log. The payload never waits for anything but
 * the disk.
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

struct capture {
	struct log log;
	bool open;
	int fds[CAPTURE_MAX]; /* -1: nothing is read */
	int given[3];         /* the payload's ends; -1: /dev/null, or what is there */
	int in; /* our end of its standard input with -i, which nobody writes to yet */
	char *buffer;
};

#define CAPTURE_INIT \
	{ \
		.log = LOG_INIT, .fds = { -1, -1 }, .given = { -1, -1, -1 }, .in = -1 \
	}

/* Open the log of the container, as its record says. */
int capture_open(const struct host *host, struct container *container, struct capture *ret_capture);
/* May be called again for a container that is started again. */
int capture_give(struct capture *capture, struct container *container,
		 const struct request *request);
int capture_take(struct capture *capture, int console);
void capture_poll(const struct capture *capture, struct pollfd polls[CAPTURE_MAX]);
void capture_run(struct capture *capture, const struct pollfd polls[CAPTURE_MAX]);
void capture_finish(struct capture *capture);
void capture_release(struct capture *capture);

#endif
