/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_ORIGIN_H
#define BERTH_IMAGE_ORIGIN_H

#include "image/manifest.h"
#include "image/registry.h"
#include "image/store.h"

/*
 * Where an image of the store came from: the repository that its name says. A blob that the store
 * does not keep (a layer that was there in another form when the image was pulled, or that was
 * pruned) may be fetched from there again.
 */

/*
 * Fetch it and keep it. name: of the image, complete. What was given for another registry
 * (options->creds, cert_dir, tls_verify) is not used for this one. -ENOENT where the image has no
 * such name, or nobody there has the blob.
 */
int origin_fetch(struct store *store, const struct registry_options *options, const char *name,
		 const struct descriptor *descriptor);

#endif
