/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_STATE_H
#define BERTH_CONTAINER_STATE_H

#include "base/buf.h"
#include "container/record.h"

/* state.json <-> struct record. */

/* Append the document. */
void state_print(const struct record *record, struct buf *out);
/* Fill the record from bytes; what it held is released by record_release() as usual. */
int state_parse(const char *bytes, size_t len, struct record *record);

#endif
