/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_LOGWATCH_H
#define BERTH_CONTAINER_LOGWATCH_H

#include <stdbool.h>

#include "container/record.h"

/* Waiting for more of a log that is followed, or for the end of its container. */
struct logwatch {
	const struct record *record; /* borrowed */
	int fd;                      /* of inotify(7) */
	int quick;                   /* rounds that are short, because something happens to it */
};

#define LOGWATCH_INIT \
	{ \
		.fd = -1 \
	}

int logwatch_open(const struct record *record, const char *log_path, struct logwatch *ret_watch);
/* Nobody supervises it, and nobody is just starting it again. */
bool logwatch_has_ended(struct logwatch *watch);
/* Until something was written, or something happened to the container, or a short time. */
int logwatch_wait(struct logwatch *watch);
void logwatch_release(struct logwatch *watch);

#endif
