/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_MANIFEST_H
#define BERTH_IMAGE_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/json.h"
#include "base/vec.h"
#include "image/platform.h"

/*
 * Manifests and indexes: OCI image-spec (manifest.md, image-index.md) and docker's schema 2 and
 * manifest list, which are the same documents under other media types. A document that could be
 * read as both, or whose media type does not say what its shape is, is refused.
 */
#define MEDIA_OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define MEDIA_OCI_INDEX "application/vnd.oci.image.index.v1+json"
#define MEDIA_OCI_CONFIG "application/vnd.oci.image.config.v1+json"
#define MEDIA_OCI_LAYER "application/vnd.oci.image.layer.v1.tar"
#define MEDIA_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define MEDIA_DOCKER_INDEX "application/vnd.docker.distribution.manifest.list.v2+json"
#define MEDIA_DOCKER_CONFIG "application/vnd.docker.container.image.v1+json"

#define ANNOTATION_REF_NAME "org.opencontainers.image.ref.name"
#define CHUNKED_ANNOTATION "io.github.containers.zstd-chunked."
#define CHUNKED_CHECKSUM CHUNKED_ANNOTATION "manifest-checksum"
#define ANNOTATION_IMAGE_NAME "io.containerd.image.name"

enum media {
	MEDIA_UNKNOWN,
	MEDIA_MANIFEST,
	MEDIA_INDEX,
	MEDIA_CONFIG,
	MEDIA_LAYER, /* how it is compressed is found in its bytes */
};

enum media media_kind(const char *media_type);

struct descriptor {
	char *media_type; /* NULL: not said (docker's archives) */
	char digest[DIGEST_TEXT_SIZE];
	uint64_t size;
	struct platform platform; /* members NULL: not said */
	char *ref_name;           /* the two annotations above; NULL */
	char *image_name;
	bool attestation; /* of buildkit: a statement on another manifest, no image */
	bool chunked;     /* a layer that is said to have a table of contents (image/chunked.h) */
};

void descriptor_release(struct descriptor *descriptor);
/* Read one; what names it in messages. */
int descriptor_read(const cJSON *json, const char *what, struct descriptor *ret_descriptor);
void descriptor_copy(const struct descriptor *from, struct descriptor *to);

struct descriptors {
	struct descriptor *v;
	size_t n;
};

void descriptors_release(struct descriptors *list);

struct manifest {
	bool is_index;
	struct descriptor config;     /* not of an index */
	struct descriptors layers;    /* the lowest first */
	struct descriptors manifests; /* of an index */
};

int manifest_parse(const char *bytes, size_t len, const char *name, struct manifest *ret_manifest);
void manifest_release(struct manifest *manifest);
/*
 * The entry of an index that serves `wanted` best. Nested indexes are returned where nothing else
 * matches: *ret_entry may be one. -ENOENT with a message that lists what is there.
 */
int manifest_choose(const struct descriptors *entries, const struct platform *wanted,
		    const struct descriptor **ret_entry);
/* The text of an OCI manifest of what is given. */
void manifest_print(const struct descriptor *config, const struct descriptors *layers,
		    struct buf *out);

#endif
