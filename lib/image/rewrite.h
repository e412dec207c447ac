/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_REWRITE_H
#define BERTH_IMAGE_REWRITE_H

#include "base/stream.h"
#include "image/chunked.h"
#include "image/manifest.h"

/*
 * A manifest or an index written anew, because blobs that it names have changed, or under the media
 * types of the other family. What it says besides stays as it is, the configuration's digest among
 * it: the image keeps its ID. docker's types know neither annotations nor zstd: the former are left
 * out, the latter is refused where docker's types were asked for, and otherwise makes an OCI
 * manifest.
 */
enum manifest_family {
	FAMILY_ANY, /* as it is */
	FAMILY_OCI,
	FAMILY_DOCKER,
};

struct rewrite_layer {
	bool changed; /* what the manifest says of it is another thing than before */
	char digest[DIGEST_TEXT_SIZE];
	uint64_t size;
	enum compression compression; /* of what has the digest */
	struct chunked_toc toc;       /* of zstd:chunked; of layers that have changed */
};

/* What a media type says of the compression. */
enum compression rewrite_media_compression(const char *media_type);

/* type: of `text`. layers: one for each, in order. ret_type: a constant. Returns 1 where out is
 * another text, 0 where it is the same. */
int rewrite_manifest(const struct buf *text, const char *type, enum manifest_family family,
		     const struct rewrite_layer *layers, struct buf *out, const char **ret_type);
/* members: what the entries are now, in order. */
int rewrite_index(const struct buf *text, const char *type, enum manifest_family family,
		  const struct descriptors *members, struct buf *out, const char **ret_type);

#endif
