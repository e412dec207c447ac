/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/push.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/compress.h"
#include "base/crew.h"
#include "base/err.h"
#include "image/blob.h"
#include "image/catalog.h"
#include "image/ingest.h"
#include "image/lookup.h"
#include "image/source.h"

/* Of the store, and where it goes. */
struct push {
	struct store *store;
	const struct push_options *options;
	struct archive layout;
	struct descriptor image; /* what its name means */
	char *name;              /* its name in the store; NULL */
	struct ref target;
	struct registries *registries;
	struct endpoints endpoints;
	struct registry *registry;
	struct relatives relatives;
	struct upstream upstream;
};

/* One manifest of it. */
struct shipment {
	struct push *push;
	struct bundle bundle;
	struct upstream_layer *layers; /* as many as bundle.layers */
	struct rewrite_layer *made;    /* shared with the children that make them */
	size_t *jobs;                  /* layers to send: the first of each that are the same */
	size_t n_jobs;
	struct progress progress;
};

void push_result_release(struct push_result *result)
{
	free(result->name);
	*result = (struct push_result){ 0 };
}

static void push_release(struct push *push)
{
	registry_close(push->registry);
	endpoints_release(&push->endpoints);
	registries_free(push->registries);
	relatives_release(&push->relatives);
	ref_release(&push->target);
	descriptor_release(&push->image);
	archive_release(&push->layout);
	free(push->name);
}

static size_t made_size(const struct shipment *shipment)
{
	return (shipment->bundle.layers.n + 1) * sizeof(*shipment->made);
}

static void shipment_release(struct shipment *shipment)
{
	if (shipment->made != NULL)
		munmap(shipment->made, made_size(shipment));
	progress_release(&shipment->progress);
	free(shipment->layers);
	free(shipment->jobs);
	bundle_release(&shipment->bundle);
}

/* --- one manifest ---------------------------------------------------------------------------- */

static bool all_kept(const struct shipment *shipment)
{
	const struct descriptors *layers = &shipment->bundle.layers;

	for (size_t i = 0; i < layers->n; i++)
		if (!blob_exists(shipment->push->store, layers->v[i].digest, layers->v[i].size))
			return false;
	return true;
}

/* The other images of the store: for what is not kept, any may help; for the rest, those at the
 * same registry. */
static int find_relatives(struct shipment *shipment)
{
	struct push *push = shipment->push;
	const char *host = all_kept(shipment) ? push->target.host : NULL;

	relatives_release(&push->relatives);
	return relatives_read(push->store, host, &push->relatives);
}

static size_t first_of(const struct shipment *shipment, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(shipment->layers[k].wanted->digest,
			   shipment->layers[i].wanted->digest) == 0)
			return k;
	return i;
}

static int plan_layers(struct shipment *shipment)
{
	const struct bundle *bundle = &shipment->bundle;
	const size_t n = bundle->layers.n;

	shipment->layers = xcalloc(n + 1, sizeof(*shipment->layers));
	shipment->jobs = xcalloc(n + 1, sizeof(*shipment->jobs));
	for (size_t i = 0; i < n; i++) {
		struct upstream_layer *layer = &shipment->layers[i];

		layer->wanted = &bundle->layers.v[i];
		layer->diff_id = bundle->parsed.diff_ids.v[i];
		if (first_of(shipment, i) != i)
			continue;
		TRY(upstream_plan(&shipment->push->upstream, &shipment->push->options->format,
				  layer));
		shipment->jobs[shipment->n_jobs++] = i;
	}
	return 0;
}

/* Of the blob, or of the archive in it; 0: not known. */
static uint64_t bytes_to_read(const struct store *store, const struct upstream_layer *layer)
{
	uint64_t size = 0;

	if (layer->way == UPSTREAM_AS_IS || layer->kept == COMPRESSION_NONE)
		return layer->size;
	if (layer->way == UPSTREAM_PACK && ingest_layer_size(store, layer->diff_id, &size) < 0)
		err_clear();
	return size;
}

static int share_results(struct shipment *shipment)
{
	void *memory = mmap(NULL, made_size(shipment), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return fail("cannot get memory");
	shipment->made = memory;
	TRY(progress_make(shipment->push->name, shipment->n_jobs, &shipment->progress));
	for (size_t i = 0; i < shipment->n_jobs; i++) {
		struct upstream_layer *layer = &shipment->layers[shipment->jobs[i]];
		struct progress_item *item = &shipment->progress.v[i];

		memcpy(item->digest, layer->wanted->digest, DIGEST_TEXT_SIZE);
		item->total = bytes_to_read(shipment->push->store, layer);
		layer->item = item;
	}
	return 0;
}

static int send_one(void *arg, size_t i)
{
	const struct shipment *shipment = arg;
	const size_t k = shipment->jobs[i];

	return upstream_layer(&shipment->push->upstream, &shipment->layers[k], &shipment->made[k]);
}

static void show_progress(void *arg)
{
	const struct shipment *shipment = arg;
	const struct progress_sink *sink = &shipment->push->options->progress;

	if (sink->show != NULL)
		sink->show(sink->arg, &shipment->progress);
}

static int send_layers(struct shipment *shipment)
{
	const struct crew crew = {
		.n = shipment->n_jobs, .work = send_one, .tick = show_progress, .arg = shipment
	};

	TRY(share_results(shipment));
	TRY(crew_run(&crew));
	show_progress(shipment);
	for (size_t i = 0; i < shipment->bundle.layers.n; i++)
		shipment->made[i] = shipment->made[first_of(shipment, i)];
	return 0;
}

/* reference NULL: the digest. *ret_descriptor: where it is now, media type owned by the caller. */
static int put_document(struct push *push, const char *reference, const char *type,
			const struct buf *text, struct descriptor *ret_descriptor)
{
	char digest[DIGEST_TEXT_SIZE];
	const char *wanted = push->target.digest;

	TRY(digest_of(text->data, text->len, digest));
	if (reference != NULL && wanted != NULL && strcmp(wanted, digest) != 0)
		return refuse("the digest of the manifest would be %s, and not %s", digest, wanted);
	TRY(registry_put_manifest(push->registry, reference != NULL ? reference : digest, type,
				  text));
	memcpy(ret_descriptor->digest, digest, DIGEST_TEXT_SIZE);
	ret_descriptor->size = text->len;
	xreplace(&ret_descriptor->media_type, type);
	return 0;
}

static int ship(struct shipment *shipment, const char *reference, struct descriptor *ret_descriptor)
{
	struct push *push = shipment->push;
	const struct bundle *bundle = &shipment->bundle;
	AUTO(buf) text = BUF_INIT;
	const char *type = NULL;

	TRY(find_relatives(shipment));
	/* The first request: what authentication it takes is known to the children. */
	TRY(upstream_document(&push->upstream, bundle->id, &bundle->config));
	TRY(plan_layers(shipment));
	TRY(send_layers(shipment));
	TRY(rewrite_manifest(&bundle->manifest, bundle->manifest_type, push->options->family,
			     shipment->made, &text, &type));
	return put_document(push, reference, type, &text, ret_descriptor);
}

/* The manifest that `entries` offer for a platform (NULL: this machine's), or the only one. */
static int push_manifest(struct push *push, const struct descriptors *entries,
			 const struct platform *platform, const char *reference,
			 struct descriptor *ret_descriptor)
{
	AUTO(shipment) shipment = { .push = push, .bundle = BUNDLE_INIT };

	TRY(bundle_read_layout(&push->layout, entries, platform, "its manifest", &shipment.bundle));
	return ship(&shipment, reference, ret_descriptor);
}

/* --- an index -------------------------------------------------------------------------------- */

static int push_index(struct push *push, const struct descriptor *d, int depth,
		      const char *reference, struct descriptor *ret_descriptor);

static int member_is_there(struct push *push, const struct descriptor *member)
{
	char digest[DIGEST_TEXT_SIZE];
	int rc = registry_head_manifest(push->registry, member->digest, digest);
	AUTO(buf) platform = BUF_INIT;

	if (rc != -ENOENT)
		return rc;
	if (member->platform.architecture != NULL)
		platform_print(&platform, member->platform.os, member->platform.architecture,
			       member->platform.variant);
	refuse_with(ENOENT, "neither the store nor the registry has its manifest %s (%s)",
		    member->digest, platform.len != 0 ? platform.data : "no platform");
	hint("without --all, the image for this machine is pushed");
	return -ENOENT;
}

static int push_member(struct push *push, const struct descriptor *member, int depth,
		       struct descriptor *ret_descriptor)
{
	struct descriptors only = { .v = (struct descriptor *)member, .n = 1 };

	descriptor_copy(member, ret_descriptor);
	if (push->options->index_alone || member->attestation ||
	    !blob_exists(push->store, member->digest, member->size))
		return member_is_there(push, member);
	if (media_kind(member->media_type) == MEDIA_INDEX)
		return push_index(push, member, depth + 1, NULL, ret_descriptor);
	return push_manifest(push, &only, NULL, NULL, ret_descriptor);
}

static int push_index(struct push *push, const struct descriptor *d, int depth,
		      const char *reference, struct descriptor *ret_descriptor)
{
	AUTO(descriptors) members = { 0 };
	AUTO(manifest) m = { 0 };
	AUTO(buf) text = BUF_INIT, made = BUF_INIT;
	const char *type = NULL;

	if (depth > MAX_INDEX_NESTING)
		return refuse("indexes are nested more than %d deep", MAX_INDEX_NESTING);
	TRY(blob_read(push->store, d->digest, MAX_MANIFEST, &text));
	TRY(manifest_parse(text.data, text.len, d->digest, &m));
	if (!m.is_index)
		return refuse("%s is listed as '%s', which it is not", d->digest, d->media_type);
	for (size_t i = 0; i < m.manifests.n; i++)
		TRY(push_member(push, &m.manifests.v[i], depth, VEC_PUSH(&members)));
	TRY(rewrite_index(&text, d->media_type, push->options->family, &members, &made, &type));
	return put_document(push, reference, type, &made, ret_descriptor);
}

/* --------------------------------------------------------------------------------------------- */

static int find_image(struct push *push, const char *text, const char *destination)
{
	AUTO(catalog) catalog = CATALOG_INIT;
	AUTO(image_item) item = { 0 };
	bool by_name;

	TRY(catalog_open(push->store, &catalog));
	TRY(lookup(&catalog, text, &item, &by_name));
	if (item.entry < 0) {
		refuse("the image '%s' was run from an archive: only its layers are here", text);
		hint("load the archive");
		return -EINVAL;
	}
	if (destination == NULL && !by_name) {
		refuse("'%s' is an ID, and no place to push to", text);
		hint("say where: berth push %s NAME", text);
		return -EINVAL;
	}
	descriptor_copy(&catalog.v[item.entry].descriptor, &push->image);
	push->name = xstrdup(item.name != NULL ? item.name : item.id);
	return ref_parse(destination != NULL ? destination : item.name, &push->target);
}

static int open_registry(struct push *push)
{
	const struct registry_options *options = &push->options->registry;

	TRY(registries_read(options->host, &push->registries));
	TRY(registries_push(push->registries, &push->target, &push->endpoints));
	TRY(registry_open(options, &push->endpoints.v[0], REGISTRY_PUSH, &push->registry));
	push->upstream = (struct upstream){ .store = push->store,
					    .registry = push->registry,
					    .target = &push->target,
					    .relatives = &push->relatives,
					    .image = push->name,
					    .options = options };
	return 0;
}

static int check_options(const struct push_options *options)
{
	if (options->family == FAMILY_DOCKER && options->format.given &&
	    options->format.format == COMPRESSION_ZSTD) {
		refuse("docker's manifests know no layers with zstd");
		hint("leave --format out, or use --format oci");
		return -EINVAL;
	}
	return compress_check_level(options->format.format, options->format.level);
}

static int push_all(struct push *push, struct descriptor *ret_descriptor)
{
	const struct descriptors entries = { .v = &push->image, .n = 1 };
	const char *reference = push->target.tag != NULL      ? push->target.tag
				: push->target.digest != NULL ? push->target.digest
							      : "latest";
	bool is_index =
		push->image.media_type != NULL && media_kind(push->image.media_type) == MEDIA_INDEX;

	TRY(archive_open_dir(push->store->fd, push->store->path, &push->layout));
	if (is_index && push->options->all_platforms)
		return push_index(push, &push->image, 0, reference, ret_descriptor);
	return push_manifest(push, &entries, push->options->platform, reference, ret_descriptor);
}

static int push_to_registry(struct push *push, struct push_result *ret_result)
{
	struct descriptor d = { 0 };
	int rc;

	TRY(open_registry(push));
	rc = push_all(push, &d);
	if (rc >= 0) {
		ret_result->name = ref_name(&push->target);
		memcpy(ret_result->digest, d.digest, DIGEST_TEXT_SIZE);
	}
	descriptor_release(&d);
	return rc;
}

int push_image(struct store *store, const char *text, const char *destination,
	       const struct push_options *options, struct push_result *ret_result)
{
	AUTO(push) push = { .store = store, .options = options, .layout = ARCHIVE_INIT };
	autoclose int hold = -1;
	int rc;

	TRY(check_options(options));
	/* What is being sent is not swept. */
	hold = store_hold(store);
	TRY(hold);
	TRY(find_image(&push, text, destination));
	rc = push_to_registry(&push, ret_result);
	if (rc < 0) {
		autofree char *name = ref_name(&push.target);

		return fail_in(rc, "cannot push to '%s'", name);
	}
	return 0;
}
