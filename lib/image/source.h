/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_SOURCE_H
#define BERTH_IMAGE_SOURCE_H

#include "image/archive.h"
#include "image/imageconfig.h"
#include "image/manifest.h"

/*
 * Images outside of the store's names: what an archive or a layout offers. docker's archives list
 * their images in manifest.json, OCI layouts in index.json; an archive with both (docker since 25)
 * is read as docker's, unless it was asked for as the other.
 */
enum source_kind {
	SOURCE_ANY,
	SOURCE_DOCKER,
	SOURCE_OCI,
};

struct source_image {
	struct strvec names;          /* complete; empty: it has none */
	char *raw_name;               /* OCI: the annotation as it stands; NULL */
	struct descriptors manifests; /* OCI: one, or one per platform */
	char *config_file;            /* docker: names in the archive */
	struct strvec layer_files;    /* the lowest first */
};

struct source {
	struct archive archive;
	enum source_kind kind; /* never SOURCE_ANY */
	struct source_image *v;
	size_t n;
};

#define SOURCE_INIT \
	{ \
		.archive = ARCHIVE_INIT \
	}

/* path: a file, a directory, or "-". -EPERM where the policy (image/policy.h) forbids it. */
int source_open(struct store *store, enum source_kind kind, const char *path,
		struct source *ret_source);
void source_release(struct source *source);
/* The image that `ref` means: a name in any form, "@N" for the one at position N, or NULL where
 * there is but one. */
int source_find(const struct source *source, const char *ref,
		const struct source_image **ret_image);

/*
 * One image, for one platform: its documents, read and checked against their digests and each
 * other. The layers are not touched.
 */
struct bundle {
	const struct archive *archive;
	struct buf manifest; /* as it stands; empty where there is none (docker's archives) */
	struct buf config;
	char id[DIGEST_TEXT_SIZE];     /* digest of config */
	char digest[DIGEST_TEXT_SIZE]; /* of manifest; "" where there is none */
	char *manifest_type;           /* its media type */
	char *config_type;
	struct image_config parsed;
	struct descriptors layers; /* as many as parsed.diff_ids; digests "" where not known */
	struct strvec layer_files; /* names in the archive */
};

#define BUNDLE_INIT \
	{ \
		.manifest = BUF_INIT, .config = BUF_INIT \
	}

int bundle_read(const struct source *source, const struct source_image *image,
		const struct platform *platform, struct bundle *ret_bundle);
/* From a layout; the manifest is chosen among `entries`. what names them in messages; platform
 * NULL: this machine's. */
int bundle_read_layout(const struct archive *layout, const struct descriptors *entries,
		       const struct platform *platform, const char *what,
		       struct bundle *ret_bundle);
/* For who reads the documents from elsewhere. bundle->config and layer_files are set: find the ID,
 * parse the configuration, and compare the number of layers. */
int bundle_take_config(struct bundle *bundle);
/* Is it for that platform (NULL: any)? */
int bundle_check_platform(const struct bundle *bundle, const struct platform *platform);
void bundle_release(struct bundle *bundle);
/* Only which image and which manifest it is. */
int bundle_identify(const struct archive *layout, const struct descriptors *entries,
		    const struct platform *platform, char *ret_id, char *ret_digest);

#endif
