/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_INGEST_H
#define BERTH_IMAGE_INGEST_H

#include "image/layer.h"
#include "image/source.h"

/*
 * Bring an image into the store. Whatever happens on the way, nothing is visible before it is
 * complete and, for what gets a name, on the disk; what a failure leaves behind is swept.
 */

/* Unpack the layers that are not there and write the plan: enough to run it. The caller holds the
 * store (store_hold()). */
int ingest_layers(struct store *store, const struct bundle *bundle);
/* Keep all of it, under `names`; with none, it is kept without a name. */
int ingest_image(struct store *store, const struct bundle *bundle, const struct strvec *names);

/* The layers of the bundle are there, unpacked, and those of its blobs that are to be kept: keep
 * its documents and give it the names. index: an index that leads to its manifest and is a blob of
 * the store, which the names mean then; or NULL. names NULL: nothing leads to it yet, which is the
 * caller's to see to. The caller holds the store. ret_lock: NULL, or
 * where the lock of the image goes, taken before it can be seen (plan_hold()). */
int ingest_documents(struct store *store, const struct bundle *bundle,
		     const struct descriptor *index, const struct strvec *names, int *ret_lock);
/* It failed with rc and the error that is recorded: what is complete but serves nobody goes, as the
 * disk may be full. Returns rc. */
int ingest_give_up(struct store *store, int rc);

/*
 * Make an image of the archive of a root file system: `source` gives its bytes, `config` what it is
 * to say, without diff IDs. The ID of the image is put into ret_id, which has room for
 * DIGEST_TEXT_SIZE.
 */
int ingest_rootfs(struct store *store, struct layer_source *source, struct image_config *config,
		  const char *comment, const struct strvec *names, char *ret_id);

/*
 * Make an image with one more layer than another has, which is held: `bundle` has the layers of
 * that one, their diff IDs in .parsed, and the media types of its documents. describe() is called
 * when the new layer is known: `layers` and the diff IDs are then all of them, and it makes the
 * document of the configuration, bundle->config, and may make that of the manifest. The ID is
 * bundle->id.
 */
struct ingest_child {
	struct layer_source *source;
	int (*describe)(struct bundle *bundle, const struct descriptors *layers, void *arg);
	void *arg;
	const struct strvec *names;
};
int ingest_child(struct store *store, const struct ingest_child *child, struct bundle *bundle);

/* Size of an unpacked layer: of its archive. It is noted when the layer is unpacked. */
void ingest_note_size(const struct store *store, const char *diff_id, uint64_t size);
int ingest_layer_size(const struct store *store, const char *diff_id, uint64_t *ret_size);

#endif
