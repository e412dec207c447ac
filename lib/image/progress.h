/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_PROGRESS_H
#define BERTH_IMAGE_PROGRESS_H

#include <stdint.h>

#include "base/digest.h"

/*
 * How far a transfer is: one item per blob, in memory that the processes which do the work share
 * with the one that started them. Only that one calls show(), some times a second and once when all
 * is done. Nothing here prints: lib/command/progress.c does.
 */
enum progress_state {
	PROGRESS_WAITING,   /* its turn has not come */
	PROGRESS_SHARED,    /* another command is at it, or it was there */
	PROGRESS_FETCHING,  /* bytes come, and are unpacked as they do */
	PROGRESS_UNPACKING, /* all bytes are there */
	PROGRESS_SENDING,
	PROGRESS_DONE,
	PROGRESS_FAILED,
};

struct progress_item {
	char digest[DIGEST_TEXT_SIZE];
	_Atomic int state;      /* enum progress_state */
	_Atomic uint64_t bytes; /* of total */
	uint64_t total;         /* 0: not known */
};

struct progress {
	const char *name; /* of the image */
	struct progress_item *v;
	size_t n;
};

struct progress_sink {
	void (*show)(void *arg, const struct progress *progress); /* NULL: nobody looks */
	void *arg;
};

/* Room for n items, zeroed. */
int progress_make(const char *name, size_t n, struct progress *ret_progress);
void progress_release(struct progress *progress);

#endif
