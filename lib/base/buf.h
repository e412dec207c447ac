/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BASE_BUF_H
#define BERTH_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

#include "base/alloc.h"

/*
 * A growable string. data is never NULL and always NUL-terminated (the NUL does not count in len);
 * an empty one points at a constant, so that BUF_INIT allocates nothing. It may hold any bytes.
 */
struct buf {
	char *data;
	size_t len;
	size_t cap; /* 0: data is the shared empty string */
};

extern char buf_empty[];
#define BUF_INIT \
	{ \
		.data = buf_empty, .len = 0, .cap = 0 \
	}

void buf_init(struct buf *b);
/* Free the memory; the buffer may be used again. */
void buf_release(struct buf *b);
/* The same for one that held a secret: its memory is overwritten first. What it held before it grew
 * is not, so room is to be reserved beforehand. */
void buf_wipe(struct buf *b);
/* Empty it and keep the memory. */
void buf_clear(struct buf *b);
/* Make room for `extra` more bytes and the NUL; returns where they go. */
char *buf_reserve(struct buf *b, size_t extra);
void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_add_str(struct buf *b, const char *text);
void buf_add_char(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vaddf(struct buf *b, const char *fmt, va_list args) __attribute__((format(printf, 2, 0)));
/* Cut to len bytes; len must not be larger than it is. */
void buf_truncate(struct buf *b, size_t len);
/* The string, to be freed by the caller; the buffer is empty afterwards. */
char *buf_steal(struct buf *b);

#endif
