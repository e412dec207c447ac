/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BASE_BASE64_H
#define BERTH_BASE_BASE64_H

#include "base/buf.h"

/* RFC 4648, section 4: with padding, without line breaks. Room is reserved at once, so that a
 * secret leaves no copies behind when the buffer is wiped. */
void base64_encode(const void *bytes, size_t len, struct buf *out);
/* Append what was encoded; -EINVAL, with nothing recorded, where it is none. */
int base64_decode(const char *text, size_t len, struct buf *out);

#endif
