/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_SECRET_H
#define BERTH_CONTAINER_SECRET_H

#include <stdint.h>

#include "base/buf.h"
#include "base/host.h"
#include "base/vec.h"

/*
 * Secrets: small files that are given to containers and become a part of none of them. Each is a
 * file in a directory that is open to nobody else, there whole or not at all:
 *
 *	secrets/NAME	a line of JSON, and after it the content, byte for byte
 *
 * Changes are made with the directory locked (flock(2)), so what has another name in it is garbage,
 * removed by who changes something next. The content is read only where it is wanted, and
 * overwritten in memory by secret_release().
 */
struct secret {
	char *name, *id;          /* the ID: 25 hex digits */
	int64_t created, updated; /* seconds since the epoch */
	uint32_t created_nsec, updated_nsec;
	struct strvec labels; /* key=value */
	struct buf data;
};

#define SECRET_INIT \
	{ \
		.data = BUF_INIT \
	}

/* Refuse what is not [a-zA-Z0-9][a-zA-Z0-9_.-]* of at most MAX_SECRET_NAME characters. */
int secret_name_check(const char *name);
/* Refuse a content that is empty, or too large. */
int secret_data_check(const struct buf *data);
/* name, labels and data are given; on the disk on return, with its ID and times. One of that name:
 * -EEXIST, unless replace, which keeps when it was created. */
int secret_create(const struct host *host, bool replace, struct secret *secret);
/* By its name, its ID, or eight or more digits that begin no other's. content: data as well.
 * -ENOENT with a message. */
int secret_find(const struct host *host, const char *name, bool content, struct secret *ret_secret);
/* All of them, without their content, by their names: each(secret, arg) < 0 ends the walk. */
int secret_each(const struct host *host, int (*each)(const struct secret *secret, void *arg),
		void *arg);
/* As secret_find(); *ret_id is to be freed. */
int secret_remove(const struct host *host, const char *name, char **ret_id);
void secret_release(struct secret *secret);

#endif
