/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_SAVE_H
#define BERTH_IMAGE_SAVE_H

#include "image/relatives.h"
#include "image/source.h"

/*
 * Images out of the store, as they came in: every blob byte for byte, so that digests and IDs stay.
 * A layer that the store keeps as another blob than the manifest names is written as that one, and
 * the manifest names it then; the image keeps its ID.
 * What is written is an OCI image layout; in docker's form (that of docker since version 25) it has
 * a manifest.json as well, so that every tool that reads archives of images reads it. The same
 * images give the same bytes: entries are sorted, and their times are 0.
 */
struct saved_image {
	struct bundle bundle;
	struct strvec names; /* complete; none where it was asked for by its ID */
};

struct save {
	struct store *store; /* borrowed */
	int hold;            /* nothing is swept meanwhile */
	struct archive layout;
	struct relatives relatives; /* read when a blob is missing */
	bool knows_relatives;
	struct saved_image *v;
	size_t n;
};

#define SAVE_INIT \
	{ \
		.hold = -1, .layout = ARCHIVE_INIT \
	}

/*
 * Find all images, and see that their blobs are there, before a byte is written. platform NULL:
 * this machine's, where a name means several. *save is SAVE_INIT, is to be released also after an
 * error, and must not be moved.
 */
int save_open(struct save *save, struct store *store, const struct strvec *names,
	      const struct platform *platform);
void save_release(struct save *save);

/* Write a tar archive to fd, which `name` names in messages. */
int save_archive(const struct save *save, bool docker, int fd, const char *name);
/* Make a directory `path`, which must not exist or be empty. */
int save_directory(const struct save *save, const char *path);

#endif
