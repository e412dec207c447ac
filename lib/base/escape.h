/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BASE_ESCAPE_H
#define BERTH_BASE_ESCAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * Make text that came from outside (image metadata, file names, flags) harmless to print: control
 * characters (C0, DEL, C1), invalid UTF-8 and the marks that change the direction or visibility of
 * text become \xNN escapes, newline becomes \n. Everything that berth prints and that is not a
 * literal of its source passes through here; only the payload's own streams do not.
 */
void escape_text(struct buf *out, const char *text);
void escape_bytes(struct buf *out, const char *bytes, size_t len);

/* Decode one UTF-8 sequence of at most len (> 0) bytes; returns its length, 0 where it is invalid
 * (overlong and surrogates included). */
size_t escape_decode(const char *bytes, size_t len, uint32_t *ret_rune);
/* Is it one of those that are escaped? */
bool escape_is_harmful(uint32_t rune);

#endif
