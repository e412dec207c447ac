/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_CHILD_H
#define BERTH_IMAGE_CHILD_H

#include "image/image.h"
#include "image/layer.h"

/*
 * An image that is another one with a layer more: the layers and the history of that one stay, and
 * so does what its configuration says beyond struct image_config.
 */
struct child {
	const struct image *parent;                /* held */
	const char *author, *comment, *created_by; /* NULL: not said */
	bool squash; /* the layer is all of its files: nothing of the parent's is taken over but
			what is in `config` */
	bool docker; /* documents of docker's types; else of OCI's */
};

/* Make it: source is the archive of the layer, config what it is to say, without diff IDs. ret_id
 * has room for DIGEST_TEXT_SIZE. Crash-only, as image/ingest.h. */
int child_make(struct store *store, const struct child *child, struct layer_source *source,
	       const struct image_config *config, const struct strvec *names, char *ret_id);

#endif
