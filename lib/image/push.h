/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_PUSH_H
#define BERTH_IMAGE_PUSH_H

#include "image/platform.h"
#include "image/progress.h"
#include "image/registry.h"
#include "image/rewrite.h"
#include "image/store.h"
#include "image/upstream.h"

/*
 * Store -> registry. Blobs that the store keeps go as they are, so that the manifest and its digest
 * stay the same; those that the registry has are not sent, those that another repository of it has
 * are mounted. Layers that are kept uncompressed are compressed on the way, in one pass that finds
 * both digests, and the manifest is written anew; the image ID is the same. Layers go some at once,
 * each in a process of its own; then the configuration, and the manifest last.
 */
struct push_options {
	struct registry_options registry;
	/* What layers should be; given: those of another compression are compressed anew. */
	struct upstream_format format;
	enum manifest_family family;
	const struct platform *platform; /* of an index; NULL: this machine's */
	bool all_platforms;              /* a whole index, with all that it names */
	bool index_alone;                /* without that: the registry must have it */
	struct progress_sink progress;
};

#define PUSH_OPTIONS_INIT \
	{ \
		.registry = REGISTRY_OPTIONS_INIT, .format = {.format = COMPRESSION_GZIP } \
	}

struct push_result {
	char *name;                    /* where it is now, complete */
	char digest[DIGEST_TEXT_SIZE]; /* of the manifest there */
};

void push_result_release(struct push_result *result);

/* text: an image of the store; destination: a name, NULL: the same. */
int push_image(struct store *store, const char *text, const char *destination,
	       const struct push_options *options, struct push_result *ret_result);

#endif
