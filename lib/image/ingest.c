/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/ingest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/units.h"
#include "image/blob.h"
#include "image/catalog.h"
#include "image/garbage.h"
#include "image/layer.h"
#include "image/lookup.h"
#include "image/plan.h"

struct ingest {
	struct store *store;
	const struct bundle *bundle;
	bool keep; /* the blobs as well */
	int *lock; /* NULL; or where the lock of the image is to go */
	struct store_tmp tmp;
	struct descriptors layers; /* of the manifest that is kept, as they become known */
};

static int open_blob(const struct ingest *in, const char *name)
{
	return fs_open(in->tmp.fd, name, O_RDWR | O_CREAT | O_EXCL, 0600);
}

static int publish(const struct ingest *in, int fd, const char *name, const char *digest)
{
	return blob_publish(in->store, in->tmp.fd, name, fd, digest);
}

/* How large a layer is, is known only when it is unpacked: a symbolic link beside it says so. */
void ingest_note_size(const struct store *store, const char *diff_id, uint64_t size)
{
	autofree char *path = xasprintf("layers/%s.size", digest_hex(diff_id));
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)size);
	(void)!symlinkat(text, store->fd, path);
}

int ingest_layer_size(const struct store *store, const char *diff_id, uint64_t *ret_size)
{
	autofree char *path = xasprintf("layers/%s.size", digest_hex(diff_id));
	char text[24];
	ssize_t len = readlinkat(store->fd, path, text, sizeof(text) - 1);

	if (len < 0)
		return fail("cannot read '%s/%s'", store->path, path);
	text[len] = '\0';
	return units_parse_u64(text, UINT64_MAX, ret_size);
}

static int unpack(struct ingest *in, size_t i, struct layer_source source)
{
	const struct bundle *bundle = in->bundle;
	AUTO(archive_part) part = ARCHIVE_PART_INIT;
	autofree char *name = xasprintf("layer %zu of '%s'", i + 1, bundle->archive->name);
	struct descriptor *d = &in->layers.v[i];
	struct layer_result result;
	int rc = archive_part_open(bundle->archive, bundle->layer_files.v[i], &part);

	if (rc < 0)
		return fail_in(rc, "%s", name);
	if (d->digest[0] != '\0' && part.end - part.at != d->size)
		return refuse("%s has %llu bytes, and should have %llu", name,
			      (unsigned long long)(part.end - part.at),
			      (unsigned long long)d->size);
	source.name = name;
	source.read = archive_part_read;
	source.arg = &part;
	source.size = part.end - part.at;
	source.blob_digest = d->digest[0] != '\0' ? d->digest : NULL;
	source.diff_id = bundle->parsed.diff_ids.v[i];
	TRY(layer_unpack(in->store, &source, &result));
	if (!result.was_present)
		ingest_note_size(in->store, source.diff_id, result.size);
	memcpy(d->digest, result.blob_digest, DIGEST_TEXT_SIZE);
	d->size = result.blob_size;
	return 0;
}

static int ingest_layer(struct ingest *in, size_t i)
{
	struct layer_source source = LAYER_SOURCE_INIT;
	const struct descriptor *d = &in->layers.v[i];
	int there = layer_exists(in->store, in->bundle->parsed.diff_ids.v[i]);
	autoclose int blob = -1;
	char name[32];

	TRY(there);
	if (there == 1 &&
	    (!in->keep || (d->digest[0] != '\0' && blob_exists(in->store, d->digest, d->size))))
		return 0;
	if (in->keep && !(d->digest[0] != '\0' && blob_exists(in->store, d->digest, d->size))) {
		snprintf(name, sizeof(name), "blob-%zu", i);
		blob = open_blob(in, name);
		TRY(blob);
		source.blob_fd = blob;
	}
	TRY(unpack(in, i, source));
	return blob >= 0 ? publish(in, blob, name, d->digest) : 0;
}

/* An image that loses its name stays without one; but the same image with layers of another
 * compression has nothing that the new one has not. */
static int drop_twin(struct ingest *in, struct catalog *catalog, const char *name,
		     const struct descriptor *manifest)
{
	const struct catalog_entry *old = catalog_find(catalog, name);
	AUTO(image_item) item = { 0 };

	if (old == NULL || strcmp(old->descriptor.digest, manifest->digest) == 0)
		return 0;
	TRY(lookup_entry(catalog, (size_t)(old - catalog->v), &item));
	if (strcmp(item.id, in->bundle->id) != 0)
		return 0;
	TRY(store_mark_garbage(in->store));
	catalog_remove(catalog, (size_t)item.entry);
	return 0;
}

/* As for all but one of those that wanted the same image at once. */
static bool is_published(const struct catalog *catalog, const struct descriptor *named,
			 const struct strvec *names)
{
	for (size_t i = 0; i < names->n; i++) {
		const struct catalog_entry *entry = catalog_find(catalog, names->v[i]);

		if (entry == NULL || strcmp(entry->descriptor.digest, named->digest) != 0)
			return false;
	}
	return names->n > 0;
}

static int publish_names(struct ingest *in, const struct descriptor *manifest,
			 const struct descriptor *index, const struct strvec *names)
{
	const struct descriptor *named = index != NULL ? index : manifest;
	AUTO(catalog) catalog = CATALOG_INIT;

	TRY(catalog_open_locked(in->store, &catalog));
	if (is_published(&catalog, named, names))
		return 0;
	for (size_t i = 0; i < names->n; i++) {
		TRY(drop_twin(in, &catalog, names->v[i], named));
		catalog_set(&catalog, names->v[i], named);
	}
	if (names->n == 0)
		catalog_set(&catalog, NULL, named);
	TRY(catalog_commit(&catalog));
	/* The first run finds it at once. */
	for (size_t i = 0; i < names->n; i++)
		catalog_remember(&catalog, names->v[i], in->bundle->id, manifest->digest);
	return 0;
}

/* index: what the names mean instead of the manifest, NULL: the manifest. */
static int store_documents(struct ingest *in, const struct descriptor *index,
			   const struct strvec *names)
{
	const struct bundle *bundle = in->bundle;
	struct descriptor config = { .media_type = bundle->config_type,
				     .size = bundle->config.len };
	struct descriptor manifest = { .media_type = bundle->manifest_type };
	AUTO(buf) made = BUF_INIT;
	const struct buf *text = &bundle->manifest;

	memcpy(config.digest, bundle->id, DIGEST_TEXT_SIZE);
	if (text->len == 0) {
		manifest_print(&config, &in->layers, &made);
		text = &made;
	}
	TRY(digest_of(text->data, text->len, manifest.digest));
	manifest.size = text->len;
	TRY(blob_write(&in->tmp, "config", &bundle->config, bundle->id));
	TRY(blob_write(&in->tmp, "manifest", text, manifest.digest));
	TRY(blob_sync_names(in->store));
	if (in->lock == NULL) {
		TRY(plan_write(in->store, bundle->id, &bundle->parsed));
	} else {
		cleanup_close(in->lock);
		*in->lock = plan_hold(in->store, bundle->id, &bundle->parsed);
		TRY(*in->lock);
	}
	return names != NULL ? publish_names(in, &manifest, index, names) : 0;
}

static int all_layers(struct ingest *in)
{
	for (size_t i = 0; i < in->bundle->layers.n; i++)
		descriptor_copy(&in->bundle->layers.v[i], VEC_PUSH(&in->layers));
	for (size_t i = 0; i < in->layers.n; i++)
		TRY(ingest_layer(in, i));
	return 0;
}

static void ingest_release(struct ingest *in)
{
	descriptors_release(&in->layers);
	store_tmp_release(&in->tmp);
}

int ingest_layers(struct store *store, const struct bundle *bundle)
{
	AUTO(ingest) in = { .store = store, .bundle = bundle, .tmp = STORE_TMP_INIT };

	TRY(all_layers(&in));
	return plan_write(store, bundle->id, &bundle->parsed);
}

static int ingest_all(struct store *store, const struct bundle *bundle, const struct strvec *names)
{
	AUTO(ingest) in = { .store = store, .bundle = bundle, .keep = true, .tmp = STORE_TMP_INIT };
	autoclose int hold = store_hold(store);

	TRY(hold);
	TRY(store_tmp_make(store, &in.tmp));
	TRY(all_layers(&in));
	return store_documents(&in, NULL, names);
}

int ingest_documents(struct store *store, const struct bundle *bundle,
		     const struct descriptor *index, const struct strvec *names, int *ret_lock)
{
	AUTO(ingest)
	in = { .store = store,
	       .bundle = bundle,
	       .keep = true,
	       .lock = ret_lock,
	       .tmp = STORE_TMP_INIT };

	TRY(store_tmp_make(store, &in.tmp));
	return store_documents(&in, index, names);
}

/* The layers and blobs that were complete when it failed are of no use to anybody, and the disk may
 * be full. Where others are adding, theirs is the sweep. */
int ingest_give_up(struct store *store, int rc)
{
	AUTO(err_kept) kept = err_keep();

	/* Before, so that what is left when we are killed is found. */
	if (store_mark_garbage(store) >= 0)
		(void)store_sweep(store);
	else
		(void)garbage_collect(store);
	err_restore(&kept);
	return rc;
}

int ingest_image(struct store *store, const struct bundle *bundle, const struct strvec *names)
{
	int rc = ingest_all(store, bundle, names);

	return rc < 0 ? ingest_give_up(store, rc) : rc;
}

static const char *layer_media_type(enum compression compression)
{
	switch (compression) {
	case COMPRESSION_GZIP:
		return MEDIA_OCI_LAYER "+gzip";
	case COMPRESSION_ZSTD:
		return MEDIA_OCI_LAYER "+zstd";
	case COMPRESSION_NONE:
		break;
	}
	return MEDIA_OCI_LAYER;
}

/* Unpack the one layer and keep its blob. */
static int ingest_stream(struct ingest *in, struct layer_source *source, struct bundle *bundle)
{
	autoclose int blob = open_blob(in, "blob");
	struct layer_result result;
	struct descriptor *d;

	TRY(blob);
	source->blob_fd = blob;
	TRY(layer_unpack(in->store, source, &result));
	if (!result.was_present)
		ingest_note_size(in->store, result.diff_id, result.size);
	TRY(publish(in, blob, "blob", result.blob_digest));
	strvec_push(&bundle->parsed.diff_ids, result.diff_id);
	d = VEC_PUSH(&in->layers);
	d->media_type = xstrdup(layer_media_type(result.compression));
	d->size = result.blob_size;
	memcpy(d->digest, result.blob_digest, DIGEST_TEXT_SIZE);
	return 0;
}

static int ingest_new(struct ingest *in, const struct ingest_child *child, struct bundle *bundle)
{
	autoclose int hold = store_hold(in->store);

	TRY(hold);
	TRY(store_tmp_make(in->store, &in->tmp));
	for (size_t i = 0; i < bundle->layers.n; i++)
		descriptor_copy(&bundle->layers.v[i], VEC_PUSH(&in->layers));
	TRY(ingest_stream(in, child->source, bundle));
	TRY(child->describe(bundle, &in->layers, child->arg));
	TRY(digest_of(bundle->config.data, bundle->config.len, bundle->id));
	return store_documents(in, NULL, child->names);
}

int ingest_child(struct store *store, const struct ingest_child *child, struct bundle *bundle)
{
	int rc;

	if (bundle->layers.n >= MAX_LAYERS)
		return refuse("an image has at most %d layers", MAX_LAYERS);
	{
		AUTO(ingest)
		in = { .store = store, .bundle = bundle, .keep = true, .tmp = STORE_TMP_INIT };

		rc = ingest_new(&in, child, bundle);
	}
	return rc < 0 ? ingest_give_up(store, rc) : rc;
}

static int describe_rootfs(struct bundle *bundle, const struct descriptors *layers, void *arg)
{
	(void)layers;
	imageconfig_print(&bundle->parsed, "berth import", arg, &bundle->config);
	return 0;
}

int ingest_rootfs(struct store *store, struct layer_source *source, struct image_config *config,
		  const char *comment, const struct strvec *names, char *ret_id)
{
	struct ingest_child child = {
		.source = source,
		.describe = describe_rootfs,
		.arg = (void *)comment,
		.names = names,
	};
	struct bundle bundle = BUNDLE_INIT;
	int rc;

	bundle.parsed = *config;
	bundle.config_type = xstrdup(MEDIA_OCI_CONFIG);
	bundle.manifest_type = xstrdup(MEDIA_OCI_MANIFEST);
	rc = ingest_child(store, &child, &bundle);
	*config = bundle.parsed;
	bundle.parsed = (struct image_config){ 0 };
	memcpy(ret_id, bundle.id, DIGEST_TEXT_SIZE);
	bundle_release(&bundle);
	return rc;
}
