/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_CONTENTS_H
#define BERTH_CONTAINER_CONTENTS_H

#include "base/host.h"
#include "container/record.h"
#include "image/image.h"
#include "image/owners.h"

/*
 * What the root file system of a container is made of, as it lies on the disk: the layer that it
 * writes to and those of its image. It is the same whether the container runs or not, and nothing
 * that is mounted in it is there: no volume, no /proc. Nothing is mounted to look at it.
 *
 * The image is held as long as the struct lives, the container is not: one of --rm may go at any
 * time.
 */
struct contents {
	struct record record;
	struct store store;
	struct image image;
	struct idmaps maps; /* of the container's user namespace; n == 0: none */
	struct owners owners;
	char *upper;          /* NULL: it writes nowhere */
	struct strvec layers; /* directories, the topmost first; the lowest is not the image's but
				 has the places that are mounted over (scratch_make_base()) */
};

#define CONTENTS_INIT \
	{ \
		.record = RECORD_INIT, .store = STORE_INIT, .image = IMAGE_INIT \
	}

/* name: as for record_find(). A container that is not made of an image is refused. The struct must
 * stay where it is. */
int contents_open(const struct host *host, const char *name, struct contents *ret_contents);
/* The changes to the image, as changes_find() gives them. */
int contents_changes(const struct contents *contents, struct buf *out);
void contents_release(struct contents *contents);

#endif
