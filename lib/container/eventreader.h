/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_EVENTREADER_H
#define BERTH_CONTAINER_EVENTREADER_H

#include <stdbool.h>

#include "base/json.h"
#include "container/event.h"

/*
 * The events that event.h writes, in the order in which they were written, while others go on
 * writing. A file that was renamed is read on beside the new one: who had it open before may still
 * append to it. Lines that are none are passed over.
 */
struct eventfile {
	int fd; /* -1: there is none */
	struct buf in;
	size_t at; /* in `in`: what was not given out */
};

struct eventreader {
	char *path;
	struct eventfile old, young;
	int watch; /* of inotify(7); -1: time has to do */
	/* of the last event */
	cJSON *json;
	struct event event;
	struct strvec attributes, labels;
};

#define EVENTFILE_INIT \
	{ \
		.fd = -1, .in = BUF_INIT \
	}
#define EVENTREADER_INIT \
	{ \
		.old = EVENTFILE_INIT, .young = EVENTFILE_INIT, .watch = -1 \
	}

/* all: begin with the oldest that there is; else with what is to come. The struct must stay where
 * it is. */
int eventreader_open(const struct host *host, bool all, struct eventreader *ret_reader);
/* 1: the next one, valid until the next call; 0: there is none now. */
int eventreader_next(struct eventreader *reader, const struct event **ret_event);
/* Until there may be more, or until some milliseconds have passed. */
int eventreader_wait(struct eventreader *reader, int msec);
void eventreader_release(struct eventreader *reader);

#endif
