/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_UPSTREAM_H
#define BERTH_IMAGE_UPSTREAM_H

#include "image/progress.h"
#include "image/ref.h"
#include "image/registry.h"
#include "image/relatives.h"
#include "image/rewrite.h"

/*
 * One blob on its way from the store to a registry.
 *
 * A layer goes as it is kept wherever it can: a registry that has it is sent nothing, one that has
 * it in another repository mounts it. One that is kept uncompressed, or in another compression than
 * the one that was asked for, is compressed while it is sent, in one pass that finds its digest as
 * well as that of the archive in it, which must be its diff ID. What came of that is noted beside
 * the unpacked layer, so that a registry which has it already is not sent it again:
 *
 *	layers/HEX.FORMAT-LEVEL	a symbolic link whose text is "DIGEST SIZE", and where there is a
 *				table of contents " DIGEST PLACE PLACE" of it (image/chunked.h)
 */
struct upstream {
	struct store *store;
	struct registry *registry;
	const struct ref *target;
	const struct relatives *relatives;
	const char *image; /* its name in the store, or its ID */
	const struct registry_options *options;
};

enum upstream_way {
	UPSTREAM_AS_IS,
	UPSTREAM_PACK,   /* compressed on the way, after it was decompressed where it has to be */
	UPSTREAM_REMOTE, /* the store does not keep it: the registry has it */
	UPSTREAM_LEFT,   /* may not be passed on: the manifest says where it is */
};

/* What layers are to be. */
struct upstream_format {
	bool given; /* in whatever compression they are kept */
	enum compression format;
	int level;
	bool chunked; /* zstd with a table of contents (image/chunked.h) */
};

struct upstream_layer {
	enum upstream_way way;
	const char *diff_id;             /* borrowed */
	const struct descriptor *wanted; /* borrowed: as the manifest names it */
	struct upstream_format format;   /* of UPSTREAM_PACK */
	char digest[DIGEST_TEXT_SIZE];   /* of the blob that is read */
	uint64_t size;
	enum compression kept;      /* how that is compressed */
	bool substitute;            /* it is not the one that the manifest names */
	struct progress_item *item; /* NULL: nobody looks */
};

/* How it will go. */
int upstream_plan(const struct upstream *upstream, const struct upstream_format *format,
		  struct upstream_layer *layer);
/* Let it go. ret_layer: what the registry has now. */
int upstream_layer(const struct upstream *upstream, const struct upstream_layer *layer,
		   struct rewrite_layer *ret_layer);
/* A document: a configuration. */
int upstream_document(const struct upstream *upstream, const char *digest, const struct buf *text);

#endif
