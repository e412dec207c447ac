/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_STORE_H
#define BERTH_IMAGE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/host.h"
#include "base/idmap.h"
#include "base/vec.h"

/*
 * The store: a directory that is the database (berth-storage(5)).
 *
 *	oci-layout index.json	a valid OCI image layout; index.json holds the names
 *	blobs/sha256/HEX
 *	layers/HEX/		an unpacked layer by its diff ID; exists <=> is complete
 *	tmp/NAME/		unfinished work; holds a locked file `lock`; unlocked = garbage
 *	containers/ID/		containers that outlive a command
 *	lock/NAME		lock files, never deleted
 *
 * Objects are immutable and content-addressed, or replaced whole by rename. Publish bottom-up
 * (blob, layer, manifest, name), delete top-down. kill -9 at any instant leaves a store that the
 * next command uses as it is.
 */
struct store {
	int fd;                  /* the root directory */
	char *path;              /* absolute */
	const struct host *host; /* borrowed */
	enum tier tier;
	struct idmaps maps; /* under which layers are unpacked */
};

/* Open, making it where it is missing (0700). A store that belongs to another user is refused. */
int store_open(const struct host *host, struct store *ret_store);
void store_release(struct store *store);

/*
 * A directory of our own below tmp/, to be renamed to its final name when complete. It is swept by
 * whoever meets it once its lock is free.
 */
struct store_tmp {
	int fd;     /* the directory */
	int lock;   /* held as long as the work goes on */
	char *name; /* below the root: "tmp/..." */
};

#define STORE_TMP_INIT \
	{ \
		.fd = -1, .lock = -1 \
	}

int store_tmp_make(struct store *store, struct store_tmp *ret_tmp);
/* Remove what is left of it. */
void store_tmp_release(struct store_tmp *tmp);
/* Remove the leftovers of commands that died. Called by commands that write, not on the path of
 * run. */
int store_sweep(struct store *store);

/* Absolute path of an unpacked layer; to be freed. */
char *store_layer_path(const struct store *store, const char *diff_id);

#endif
