/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_STORE_H
#define BERTH_IMAGE_STORE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

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
 *	images/HEX		what is needed to run the image with this ID: its plan
 *				(image/plan.h); locked (shared) as long as the image is in use
 *	cache/KEY/NAME		cache of index.json (image/catalog.h)
 *	partial/HEX		a blob that is being fetched, or was until somebody died
 *	tmp/NAME/		unfinished work; holds a locked file `lock`; unlocked = garbage
 *	tmp/garbage		is there <=> a removal may have left something to sweep
 *	tmp/sweeping		the same, taken down by a sweeper that is at it, or died
 *	containers/ID/		containers that outlive a command
 *	lock/index		held to change index.json
 *	lock/objects		shared by those who add blobs and layers, exclusive to sweep them
 *	lock/tmp		held to make and to sweep directories of tmp/
 *	lock/blob-HEX		to fetch a blob
 *	lock/layer-HEX		to unpack a layer; both are removed by who holds objects
 *				exclusively
 *
 * Locks are taken in the order objects, blob, layer, image, index. Objects are immutable and
 * content-addressed, or replaced whole by rename. Publish bottom-up (blob, layer, manifest, name),
 * delete top-down. kill -9 at any instant leaves a store that the next command uses as it is.
 */
struct store {
	int fd;                  /* the root directory */
	char *path;              /* absolute */
	const struct host *host; /* borrowed */
	enum tier tier;
	struct idmaps maps; /* under which layers are unpacked */
};

#define STORE_INIT \
	{ \
		.fd = -1 \
	}

/* Open, making it where it is missing (0700). A store that belongs to another user is refused. */
int store_open(const struct host *host, struct store *ret_store);
void store_release(struct store *store);

/*
 * A directory of our own below tmp/, to be renamed to its final name when complete. It is swept by
 * whoever meets it once its lock is free.
 */
struct store_tmp {
	struct store *store;
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

/* Hold off sweepers while objects that nothing refers to yet are added; returns the lock, to be
 * closed. */
int store_hold(const struct store *store);
/* Note that something may be left to sweep; to be called before anything is removed, by who holds
 * lock/index until that is done, or is only added, by who holds lock/objects. */
#define STORE_GARBAGE "tmp/garbage"
#define STORE_SWEEPING "tmp/sweeping"
int store_mark_garbage(const struct store *store);
/*
 * Remove the leftovers of commands that died, and the objects that nothing refers to where there is
 * a reason to look for them. Called by commands that write, not on the path of run. Where others
 * are at work their leftovers, and what they may be about to use, stay for the next sweep.
 */
int store_sweep(struct store *store);
/* Only the leftovers in tmp/, with a note that there may be more to sweep. Returns how many
 * directories in it are at work. */
int store_sweep_tmp(struct store *store);

/* Absolute path of an unpacked layer; to be freed. */
char *store_layer_path(const struct store *store, const char *diff_id);

#endif
