/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_COMMAND_PROGRESS_H
#define BERTH_COMMAND_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "image/progress.h"

/*
 * How a transfer goes, on stderr. On a terminal, a line for each blob that is drawn anew: its
 * digest, what becomes of it, bytes and rate. With `--progress plain`, a line whenever something
 * changes. Otherwise nothing: what is in a log or a pipe is read by nobody while it happens.
 */
enum progress_style {
	PROGRESS_AUTO, /* TTY on a terminal, else NONE */
	PROGRESS_PLAIN,
	PROGRESS_TTY,
	PROGRESS_NONE,
};
#define PROGRESS_STYLES "auto|plain|tty|none"

#define PROGRESS_LINES 20 /* of blobs, on a terminal */

struct progress_view {
	enum progress_style style;
	char *transfer;  /* the name and the blobs of the one at hand; NULL: there was none */
	size_t drawn;    /* lines on the terminal that are ours */
	int *states;     /* as they were shown last, `n` of them */
	uint64_t *bytes; /* likewise */
	size_t n;
	uint64_t shown; /* when, microseconds of CLOCK_MONOTONIC */
};

void progress_view_init(struct progress_view *view, enum progress_style style, bool quiet);
/* A progress_sink's show: arg is the view. */
void progress_view_show(void *arg, const struct progress *progress);
/* What it is to be given to, the view's lifetime long. */
struct progress_sink progress_view_sink(struct progress_view *view);
void progress_view_release(struct progress_view *view);

#endif
