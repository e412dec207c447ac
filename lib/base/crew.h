/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BASE_CREW_H
#define BERTH_BASE_CREW_H

#include <stddef.h>

/*
 * Independent pieces of work, some at once, each in a process of its own: what one does to memory
 * the others and the caller do not see, but for memory that was shared before (mmap(2)). They die
 * with the caller. Libraries that are loaded late should be loaded before.
 */
struct crew {
	size_t n;                         /* pieces, numbered from 0 */
	size_t at_once;                   /* 0: as the processors are, crew_width() */
	int (*work)(void *arg, size_t i); /* in the process of its own; negative: it failed */
	void (*tick)(void *arg);          /* in the caller, ten times a second; NULL */
	void *arg;
};

/* All of them; where one fails the others are killed, and its error is recorded and returned. */
int crew_run(const struct crew *crew);
/* How many at once suit this machine for work that waits for a network as well: 3 to 8. */
size_t crew_width(void);

#endif
