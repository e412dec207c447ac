/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_COMMAND_INSPECTION_H
#define BERTH_COMMAND_INSPECTION_H

#include "base/host.h"
#include "base/json.h"
#include "base/vec.h"

/*
 * What every kind of `inspect` does: the objects of these names are printed as one JSON array, or
 * one after the other through a template. One that is not there is said to be missing, and the
 * others are shown all the same.
 */
struct inspection {
	const char *command; /* in messages */
	const char *format;  /* NULL and "json": the array */
	/* -ENOENT, with a message: there is none. */
	int (*find)(const struct host *host, const char *name, void *arg, cJSON **ret_json);
	void *arg;
	bool secret; /* what was printed is overwritten in memory */
};

/* Returns the exit status. */
int inspection_run(const struct host *host, const struct inspection *inspection,
		   const struct strvec *names);

#endif
