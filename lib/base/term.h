/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BASE_TERM_H
#define BERTH_BASE_TERM_H

#include <stdbool.h>
#include <termios.h>

#include "base/buf.h"

/* The caller's terminal. */
struct term {
	int fd;                /* -1: not raw */
	struct termios before; /* to be restored */
};

#define TERM_INIT \
	{ \
		.fd = -1 \
	}

/* Put the terminal fd into raw mode, remembering how it was. Nothing happens where fd is no
 * terminal. */
int term_raw(struct term *term, int fd);
/* Restore; safe to call twice. */
void term_restore(struct term *term);
/* Copy the window size of `from` to `to`; either not being a terminal is fine. */
void term_copy_size(int from, int to);
/*
 * Ask a question on stderr and take the line that is typed on stdin, a terminal, as the answer (its
 * newline is cut off); what is typed is seen only with `echo`. A signal that ends or stops the
 * process finds the terminal as it was. An end of the input without a line is refused.
 */
int term_ask(const char *question, bool echo, struct buf *ret_answer);
/* Columns of fd, 80 where it is no terminal. */
int term_columns(int fd);

#endif
