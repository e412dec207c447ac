/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_STDIO_H
#define BERTH_CONTAINER_STDIO_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/term.h"
#include "container/request.h"
#include "container/signals.h"

/*
 * The payload's standard streams.
 *
 * Without -t it inherits ours, and nothing is copied; what --attach leaves out is /dev/null for it.
 * With -t it has a terminal of its own, and we carry bytes between that and ours. Only a terminal
 * is read from: with -t, a standard input that is none (a pipe, a file, /dev/null) is inherited as
 * it is, so that its end is the payload's end of file, and no byte is taken for a control
 * character.
 */

/* Is "stdin", "stdout" or "stderr" wanted? */
bool stdio_is_attached(const struct request *request, const char *stream);

/* Put /dev/null in the place of what is not attached, for the child that is about to be made. */
struct stdio_saved {
	int fds[3]; /* our own ones; -1: not replaced */
};
int stdio_detach(const struct request *request, struct stdio_saved *saved);
void stdio_restore(struct stdio_saved *saved);

#define RELAY_SIZE 16384

struct pipe_buffer {
	char bytes[RELAY_SIZE];
	size_t start, end;
};

struct relay {
	int console;   /* of the container; -1: there is none, or it is closed */
	int in;        /* our terminal; -1: nothing is fed (any more) */
	int out;       /* where its output goes; -1: nowhere */
	int out_error; /* why it took no more; 0: it did, or its reader went away */
	bool own_out;
	bool raw;      /* our terminal is to be raw when we have it */
	bool finished; /* the payload is gone */
	struct term term;
	struct pipe_buffer *to_console, *from_console;
};

#define RELAY_INIT \
	{ \
		.console = -1, .in = -1, .out = -1, .term = TERM_INIT \
	}

/* Takes the container's terminal over; -1: there is none, and nothing is to be done. */
int relay_start(struct relay *relay, const struct request *request, int console);
/* What to wait for: fills in three entries (fd -1: nothing). */
void relay_poll(const struct relay *relay, struct pollfd polls[3]);
void relay_run(struct relay *relay, const struct pollfd polls[3]);
/* Our terminal has another size. */
void relay_resize(const struct relay *relay);
/* We were stopped, or are in the foreground now. */
void relay_continue(struct relay *relay);
/* The payload is gone: write what is in its terminal's buffer, which is all there will be, as long
 * as the reader takes it and no signal asks to end. */
void relay_drain(struct relay *relay, struct signals *signals);
/* Give our terminal back. */
void relay_release(struct relay *relay);

#endif
