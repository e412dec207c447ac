/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_SUMMARY_H
#define BERTH_IMAGE_SUMMARY_H

#include "image/store.h"

/* What lists show of an image: of its plan where it has one, else of its configuration. */
struct summary {
	int64_t created;      /* seconds since the epoch; 0: not known */
	struct strvec labels; /* "key=value" */
	struct strvec layers; /* diff IDs, the lowest first */
	uint64_t size;        /* of the layers that are unpacked */
};

void summary_release(struct summary *summary);
/* Returns 1, or 0 where neither can be read: then nothing is known. Nothing is recorded. */
int summary_read(const struct store *store, const char *id, struct summary *ret_summary);

#endif
