/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_PULL_H
#define BERTH_IMAGE_PULL_H

#include "image/image.h"
#include "image/platform.h"
#include "image/progress.h"
#include "image/registry.h"

/*
 * Registry -> store. The manifest first, for the platform that is wanted, then the configuration,
 * then the layers, some at once, each in a process of its own: received, hashed, decompressed and
 * unpacked in one go (image/layer.h). A layer whose diff ID is there is not fetched. The name is
 * given last, when all is on the disk.
 */
enum pull_policy {
	PULL_MISSING, /* where the store has no such image */
	PULL_NEVER,
	PULL_ALWAYS,
	PULL_NEWER, /* where the registry has another one; where it cannot be asked, what is here
		       will do */
};

struct pull_options {
	struct registry_options registry;
	const struct platform *platform; /* NULL: this machine's */
	bool keep_blobs; /* also of layers that are there unpacked: the image will go on */
	bool nameless; /* give it no name: the caller holds the store until something leads to it */
	struct progress_sink progress;
	/* NULL; or where the lock of the image goes, -1 before: then nobody can remove it before
	 * that is closed. */
	int *lock;
	bool *pulled; /* NULL; or set where pull_open() has not found it here */
};

struct pull_result {
	char *name;                    /* complete */
	char id[DIGEST_TEXT_SIZE];     /* of the image */
	char digest[DIGEST_TEXT_SIZE]; /* of what the name means: the index, where it is one */
	char *media_type;              /* of that; NULL where nothing had to be fetched */
	uint64_t size;                 /* likewise */
	bool was_present;              /* nothing had to be fetched */
};

void pull_result_release(struct pull_result *result);

/* Pull what a text means (registries_complete()): the first of its names that is there. */
int pull_image(struct store *store, const char *text, const struct pull_options *options,
	       struct pull_result *ret_result);
/* All tags of a repository: each(result, arg) after each. */
int pull_all_tags(struct store *store, const char *text, const struct pull_options *options,
		  int (*each)(const struct pull_result *result, void *arg), void *arg);

/* image_open() for run: pull it before, as the policy says. Names of transports and IDs are opened
 * as they are. */
int pull_open(struct store *store, const char *text, enum pull_policy policy,
	      const struct pull_options *options, struct image *ret_image);

#endif
