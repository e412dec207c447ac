/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_IMAGE_H
#define BERTH_IMAGE_IMAGE_H

#include <stdbool.h>

#include "base/digest.h"
#include "base/idmap.h"
#include "base/json.h"
#include "base/vec.h"
#include "image/imageconfig.h"
#include "image/platform.h"
#include "image/store.h"

/*
 * An image that is ready to run: its configuration and its unpacked layers.
 *
 * image_open() takes what a user may name:
 *
 *	NAME[:TAG][@DIGEST], an image ID or its prefix		in the local store
 *	docker-archive:FILE[:REF]  oci-archive:FILE[:REF]	an archive
 *	oci:DIR[:REF]						an OCI image layout
 *	-							an archive on stdin
 *
 * From archives the layers are unpacked into the store (they are content-addressed and shared), but
 * no name is added. `rootfs:` and `host:` are no images: container/make handles them.
 *
 * A lock (shared) on the image keeps its layers from being removed as long as the struct lives.
 */
struct image {
	char id[DIGEST_TEXT_SIZE];     /* digest of the configuration */
	char digest[DIGEST_TEXT_SIZE]; /* of the manifest; "": it has none (an archive of docker) */
	char *name; /* as it is to be shown: "docker.io/library/busybox:latest", or the transport
		       name */
	struct image_config config;
	struct strvec layers; /* directories, absolute, the topmost first */
	int lock;             /* -1: none */
};

#define IMAGE_INIT \
	{ \
		.lock = -1 \
	}

/* Not there: -ENOENT with a message that says what to do. */
int image_open(struct store *store, const char *name, const struct platform *platform,
	       struct image *ret_image);
/* Does it name an archive, a layout or standard input, and not an image of the store? */
bool image_is_elsewhere(const char *name);
void image_release(struct image *image);

#endif
