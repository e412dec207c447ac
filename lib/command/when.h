/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_COMMAND_WHEN_H
#define BERTH_COMMAND_WHEN_H

#include <stdint.h>

#include "base/buf.h"

/* Columns of times, seconds since the epoch; 0 is unknown, and "N/A". */
void when_print_since(struct buf *out, int64_t when); /* "3 weeks ago" */
void when_print_time(struct buf *out, int64_t when);  /* "2026-01-31T23:59:59Z" */
void when_print_at(struct buf *out, int64_t when);    /* "2026-01-31 23:59:59 +0000 UTC" */

#endif
