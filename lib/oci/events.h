/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_OCI_EVENTS_H
#define BERTH_OCI_EVENTS_H

#include <stdint.h>

#include "base/buf.h"
#include "oci/runtime.h"

/*
 * What happens to a container, as `runc events` tells it, one object of JSON a line:
 *
 *	{"type":"stats","id":ID,"data":{...}}	every interval; box/cgstats.h says what is in it
 *	{"type":"oom","id":ID}			whenever it runs out of memory
 *
 * emit(line, arg) gets each of them with its newline; a negative result ends it. Returns when the
 * container has ended.
 */
int runtime_events(const struct runtime *runtime, const char *id, uint64_t interval_usec,
		   int (*emit)(const struct buf *line, void *arg), void *arg);
/* The statistics once. */
int runtime_stats(const struct runtime *runtime, const char *id, struct buf *ret_line);

#endif
