/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BASE_UNITS_H
#define BERTH_BASE_UNITS_H

#include <stdint.h>

#include "base/buf.h"

/* Numbers with units, as people type and read them. Parsers refuse trailing text, signs, overflow,
 * and say what a right value looks like. */

/* Decimal only: no blank, sign, or prefix. */
int units_parse_u64(const char *text, uint64_t max, uint64_t *ret_value);
int units_parse_i64(const char *text, int64_t min, int64_t max, int64_t *ret_value);
/* docker's sizes: 1.5g, 512m, 64k, 100b, 100; powers of 1024; letters in either case, an optional
 * "b" or "iB". */
int units_parse_size(const char *text, uint64_t *ret_bytes);
/* Go durations (1h30m, 500ms, 1.5s) or plain seconds; microseconds. */
int units_parse_duration(const char *text, uint64_t *ret_usec);
/* Octal mode, 0 to 07777. */
int units_parse_mode(const char *text, uint32_t *ret_mode);
/* A signal by name with or without SIG, in either case, or by number; RTMIN+3, SIGRTMAX-1. */
int units_parse_signal(const char *text, int *ret_signal);
/* "SIGTERM", "SIGRTMIN+3"; NULL for a number that is none. Valid until the next call. */
const char *units_signal_name(int signal);
/* docker's "4.87MB" (powers of 1000, four significant digits). */
void units_print_size(struct buf *out, uint64_t bytes);
/* docker's "4.644MiB" (powers of 1024). */
void units_print_binary(struct buf *out, uint64_t bytes);
/* docker's "3 minutes ago" without the " ago": "Less than a second", "About an hour", "2 weeks". */
void units_print_age(struct buf *out, uint64_t seconds);
/* RFC 3339 in UTC with nanoseconds, as of clock_gettime(CLOCK_REALTIME). */
void units_print_time(struct buf *out, int64_t sec, uint32_t nsec);
/* RFC 3339 to seconds since the epoch. */
int units_parse_time(const char *text, int64_t *ret_sec, uint32_t *ret_nsec);
/* A point in time as docker's filters have it: RFC 3339, of which the zone or all but the date may
 * be missing (UTC then); seconds since the epoch, of which decimals are dropped; or a Go duration,
 * which is so long before `now`. */
int units_parse_moment(const char *text, int64_t now, int64_t *ret_sec);

#endif
