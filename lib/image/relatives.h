/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_RELATIVES_H
#define BERTH_IMAGE_RELATIVES_H

#include "image/manifest.h"
#include "image/store.h"

/*
 * What the images of the store know of each other's layers: which blob is which layer, and in which
 * repositories it is. A registry that has a blob in one repository need not be sent it for another;
 * and a layer may be kept as another blob than the one a manifest names.
 */
struct relative {
	char *host, *path; /* of the image's name; NULL: it has none */
	char digest[DIGEST_TEXT_SIZE];
	uint64_t size;
	char *diff_id; /* of the layer; NULL: a configuration */
};

struct relatives {
	struct relative *v;
	size_t n;
};

/* Every layer and configuration of every image, or of those with a name at `host` (NULL: any); of
 * those that are damaged or not whole, what is there. */
int relatives_read(struct store *store, const char *host, struct relatives *ret_relatives);
void relatives_release(struct relatives *relatives);

/* A blob that the store keeps of a layer; NULL: none. */
const struct relative *relatives_find(const struct store *store, const struct relatives *relatives,
				      const char *diff_id);
/* That a blob is of a layer some manifest says, which may be anybody's, and nobody unpacks a layer
 * that is there: unpack it and compare. -EBADMSG where it is another one. */
int relatives_verify(struct store *store, const struct relative *relative, const char *diff_id);
/* The repositories of `host` other than `path` that have a blob, the first `max` of them. */
void relatives_repositories(const struct relatives *relatives, const char *digest, const char *host,
			    const char *path, size_t max, struct strvec *ret_paths);

#endif
