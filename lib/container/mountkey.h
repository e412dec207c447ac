/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_MOUNTKEY_H
#define BERTH_CONTAINER_MOUNTKEY_H

#include "container/mountopt.h"

/*
 * The keys of --volume, --mount and --tmpfs: for which kinds of mounts each is, and what its value
 * may be. mountopt.c takes the texts apart.
 */
enum mountkey_form {
	MOUNTKEY_TMPFS,  /* --tmpfs has none of its own */
	MOUNTKEY_VOLUME, /* -v */
	MOUNTKEY_MOUNT,  /* --mount */
};

/* "key" or "key=value", for opt->kind. */
int mountkey_apply(const char *text, enum mountkey_form form, struct mountopt *opt);
int mountkey_set_destination(struct mountopt *opt, const char *value);

#endif
