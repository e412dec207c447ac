/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/pull.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/crew.h"
#include "base/err.h"
#include "image/blob.h"
#include "image/catalog.h"
#include "image/fetch.h"
#include "image/ingest.h"
#include "image/layer.h"
#include "image/policy.h"
#include "image/source.h"

#define SWEEP_TRIES 10
#define SWEEP_PAUSE_NSEC 10000000L
#define MEDIA_DOCKER_V1 "application/vnd.docker.distribution.manifest.v1"

/*
 * Theory of operation
 *
 * The manifest, the configuration and the name are this process's; each layer is the work of a
 * process of its own (base/crew), since libcurl and the unpacker's cell want one to themselves, and
 * a layer that fails takes nothing along. A layer's process takes the lock of its blob, then looks
 * whether the layer is there: so commands that want the same layer at once fetch and unpack it
 * once, whichever of them does it, and the next one takes over from one that died.
 *
 * What is complete stays when a pull fails: the next one goes on from there. Only where the disk is
 * full it is swept at once.
 */
struct pull {
	struct store *store;
	const struct pull_options *options;
	const char *name; /* complete */
	struct ref ref;
	struct registry *registry;
	struct bundle bundle;
	struct descriptor index; /* what the name means, where it is one; digest "": none */
	struct store_tmp tmp;
	unsigned int indexes; /* that are kept */
	struct progress progress;
};

static void pull_release(struct pull *pull)
{
	ref_release(&pull->ref);
	registry_close(pull->registry);
	bundle_release(&pull->bundle);
	descriptor_release(&pull->index);
	store_tmp_release(&pull->tmp);
	progress_release(&pull->progress);
}

void pull_result_release(struct pull_result *result)
{
	free(result->name);
	free(result->media_type);
	*result = (struct pull_result){ 0 };
}

/* --- documents ------------------------------------------------------------------------------- */

static int refuse_schema1(const char *type)
{
	if (strncmp(type, MEDIA_DOCKER_V1, strlen(MEDIA_DOCKER_V1)) != 0)
		return 0;
	refuse("it is a manifest of docker's schema 1, which has no configuration");
	hint("push the image again with docker 1.10 or later");
	return -EINVAL;
}

/* What the server calls it must not contradict what it is: two readers would see two things. */
static int check_type(const char *type, const struct manifest *m)
{
	enum media kind = media_kind(type);

	if (kind != MEDIA_UNKNOWN && kind != (m->is_index ? MEDIA_INDEX : MEDIA_MANIFEST))
		return refuse("it comes as '%s', which it is not", type);
	return 0;
}

static int read_manifest(struct bundle *bundle, struct manifest *m)
{
	TRY(refuse_schema1(bundle->manifest_type));
	TRY(manifest_parse(bundle->manifest.data, bundle->manifest.len, bundle->digest, m));
	TRY(check_type(bundle->manifest_type, m));
	/* Not every server knows the types. */
	if (media_kind(bundle->manifest_type) == MEDIA_UNKNOWN)
		xreplace(&bundle->manifest_type,
			 m->is_index ? MEDIA_OCI_INDEX : MEDIA_OCI_MANIFEST);
	return 0;
}

static int get_manifest(struct pull *pull, const char *reference, struct manifest *ret_manifest)
{
	struct bundle *bundle = &pull->bundle;
	struct manifest m = { 0 };
	int rc;

	buf_clear(&bundle->manifest);
	free(steal(bundle->manifest_type));
	TRY(registry_get_manifest(pull->registry, reference, &bundle->manifest,
				  &bundle->manifest_type, bundle->digest));
	rc = read_manifest(bundle, &m);
	if (rc < 0) {
		manifest_release(&m);
		return fail_in(rc, "'%s' of %s", reference, registry_name(pull->registry));
	}
	*ret_manifest = m;
	return 0;
}

/* The index that is in the bundle just now is a blob of its own; the first one is what the name
 * means. */
static int keep_index(struct pull *pull)
{
	const struct bundle *bundle = &pull->bundle;
	autofree char *file = xasprintf("index-%u", pull->indexes++);

	if (pull->index.digest[0] == '\0') {
		memcpy(pull->index.digest, bundle->digest, DIGEST_TEXT_SIZE);
		pull->index.media_type = xstrdup(bundle->manifest_type);
		pull->index.size = bundle->manifest.len;
	}
	return blob_write(&pull->tmp, file, &bundle->manifest, bundle->digest);
}

/* From what the name means down to the manifest of one image. */
static int find_manifest(struct pull *pull, const struct platform *platform,
			 struct manifest *ret_manifest)
{
	const char *reference = pull->ref.digest != NULL ? pull->ref.digest
				: pull->ref.tag != NULL  ? pull->ref.tag
							 : "latest";
	AUTO(manifest) m = { 0 };

	TRY(get_manifest(pull, reference, &m));
	for (int depth = 0; m.is_index; depth++) {
		const struct descriptor *entry = NULL;
		struct manifest next = { 0 };

		if (depth >= MAX_INDEX_NESTING)
			return refuse("%s: indexes are nested more than %d deep", pull->name,
				      MAX_INDEX_NESTING);
		TRY(keep_index(pull));
		TRY(fail_in(manifest_choose(&m.manifests, platform, &entry), "%s", pull->name));
		TRY(get_manifest(pull, entry->digest, &next));
		manifest_release(&m);
		m = next;
	}
	*ret_manifest = m;
	m = (struct manifest){ 0 };
	return 0;
}

static int get_documents(struct pull *pull)
{
	const struct platform *wanted = pull->options->platform;
	struct bundle *bundle = &pull->bundle;
	AUTO(platform) host = { 0 };
	AUTO(manifest) m = { 0 };

	platform_host(&host);
	TRY(find_manifest(pull, wanted != NULL ? wanted : &host, &m));
	TRY(fail_in(
		fetch_document(pull->store, pull->registry, &m.config, MAX_CONFIG, &bundle->config),
		"the configuration of %s", pull->name));
	bundle->config_type = xstrdup(m.config.media_type);
	bundle->layers = m.layers;
	m.layers = (struct descriptors){ 0 };
	for (size_t i = 0; i < bundle->layers.n; i++)
		strvec_push_owned(&bundle->layer_files, blob_path(bundle->layers.v[i].digest));
	TRY(fail_in(bundle_take_config(bundle), "%s", pull->name));
	/* An index for every platform can only be meant where this machine's was taken. */
	if (wanted != NULL && platform_rank(wanted, host.os, host.architecture, host.variant) < 0)
		pull->index.digest[0] = '\0';
	return fail_in(bundle_check_platform(bundle, wanted), "%s", pull->name);
}

/* --- layers ---------------------------------------------------------------------------------- */

/* Is there nothing to fetch? */
static int is_there(const struct pull *pull, size_t i)
{
	const struct descriptor *d = &pull->bundle.layers.v[i];
	int there = layer_exists(pull->store, pull->bundle.parsed.diff_ids.v[i]);

	if (there != 1 || !pull->options->keep_blobs)
		return there;
	return blob_exists(pull->store, d->digest, d->size) ? 1 : 0;
}

struct layer_work {
	struct pull *pull;
	size_t i;
};

static int layer_body(struct fetch *fetch, void *arg)
{
	const struct layer_work *work = arg;
	struct pull *pull = work->pull;
	const struct descriptor *d = &pull->bundle.layers.v[work->i];
	autofree char *name = xasprintf("layer %zu of %s", work->i + 1, pull->name);
	struct layer_source source = LAYER_SOURCE_INIT;
	struct layer_result result;
	int there;

	source.diff_id = pull->bundle.parsed.diff_ids.v[work->i];
	/* Whoever had the lock may have been at the same layer. */
	there = is_there(pull, work->i);
	if (there != 0)
		return there;
	source.name = name;
	source.read = fetch_read;
	source.arg = fetch;
	source.size = d->size;
	source.blob_digest = d->digest;
	TRY(layer_unpack(pull->store, &source, &result));
	if (!result.was_present)
		ingest_note_size(pull->store, source.diff_id, result.size);
	return fail_in(fetch_publish(fetch), "%s", name);
}

static int pull_layer(void *arg, size_t i)
{
	struct pull *pull = arg;
	struct progress_item *item = &pull->progress.v[i];
	struct layer_work work = { .pull = pull, .i = i };
	const struct fetch_plan plan = {
		.store = pull->store,
		.registry = pull->registry,
		.descriptor = &pull->bundle.layers.v[i],
		.item = item,
		.body = layer_body,
		.arg = &work,
	};
	int rc = is_there(pull, i);

	if (rc == 0)
		rc = fetch_run(&plan);
	TRY(rc);
	/* 1: somebody else did it. */
	atomic_store(&item->state, rc == 1 ? PROGRESS_SHARED : PROGRESS_DONE);
	return 0;
}

static void show(void *arg)
{
	struct pull *pull = arg;
	const struct progress_sink *sink = &pull->options->progress;

	if (sink->show != NULL)
		sink->show(sink->arg, &pull->progress);
}

static int pull_layers(struct pull *pull, bool *ret_were_present)
{
	const struct descriptors *layers = &pull->bundle.layers;
	struct crew crew = { .n = layers->n, .work = pull_layer, .tick = show, .arg = pull };

	TRY(progress_make(pull->name, layers->n, &pull->progress));
	*ret_were_present = true;
	for (size_t i = 0; i < layers->n; i++) {
		memcpy(pull->progress.v[i].digest, layers->v[i].digest, DIGEST_TEXT_SIZE);
		pull->progress.v[i].total = layers->v[i].size;
		if (is_there(pull, i) == 1)
			fetch_forget(pull->store, &layers->v[i]);
		else
			*ret_were_present = false;
	}
	if (*ret_were_present)
		return 0;
	TRY(digest_load());
	TRY(crew_run(&crew));
	show(pull);
	return 0;
}

/* --- one name -------------------------------------------------------------------------------- */

/* 1: the store has what the name means now, all of it; 0: it is to be fetched. */
static int is_current(struct pull *pull, struct pull_result *result)
{
	AUTO(catalog) catalog = CATALOG_INIT;
	const struct catalog_entry *entry;
	struct image image = IMAGE_INIT;
	char digest[DIGEST_TEXT_SIZE];
	int rc;

	/* Its blobs may have gone. */
	if (pull->options->keep_blobs)
		return 0;
	TRY(catalog_open(pull->store, &catalog));
	entry = catalog_find(&catalog, pull->name);
	if (entry == NULL)
		return 0;
	/* A digest means the same for ever. */
	if (pull->ref.digest == NULL) {
		rc = registry_head_manifest(
			pull->registry, pull->ref.tag != NULL ? pull->ref.tag : "latest", digest);
		/* Some have no HEAD. */
		if (rc == -ENOENT) {
			err_clear();
			return 0;
		}
		TRY(rc);
		if (rc == 0 || strcmp(digest, entry->descriptor.digest) != 0)
			return 0;
	}
	memcpy(digest, entry->descriptor.digest, DIGEST_TEXT_SIZE);
	rc = image_open(pull->store, pull->name, pull->options->platform, &image);
	if (rc < 0) {
		err_clear();
		return 0;
	}
	memcpy(result->id, image.id, DIGEST_TEXT_SIZE);
	memcpy(result->digest, digest, DIGEST_TEXT_SIZE);
	result->was_present = true;
	if (pull->options->lock != NULL)
		*pull->options->lock = steal_fd(&image.lock);
	image_release(&image);
	return 1;
}

/* The layers, and the name. */
static int pull_rest(struct pull *pull, struct pull_result *result)
{
	AUTO(strvec) names = STRVEC_INIT;
	const struct descriptor *index = &pull->index;

	TRY(pull_layers(pull, &result->was_present));
	strvec_push(&names, pull->name);
	if (index->digest[0] == '\0')
		index = NULL;
	TRY(ingest_documents(pull->store, &pull->bundle, index,
			     pull->options->nameless ? NULL : &names, pull->options->lock));
	memcpy(result->id, pull->bundle.id, DIGEST_TEXT_SIZE);
	memcpy(result->digest, index != NULL ? index->digest : pull->bundle.digest,
	       DIGEST_TEXT_SIZE);
	xreplace(&result->media_type,
		 index != NULL ? index->media_type : pull->bundle.manifest_type);
	result->size = index != NULL ? index->size : pull->bundle.manifest.len;
	return 0;
}

/* Nothing refers to what is complete; where nobody comes to go on from there, it is to be swept. */
static int leave_note(const struct store *store, int rc)
{
	AUTO(err_kept) kept = err_keep();

	(void)store_mark_garbage(store);
	err_restore(&kept);
	return rc;
}

static int pull_new(struct pull *pull, struct pull_result *result)
{
	autoclose int hold = store_hold(pull->store);
	int rc;

	TRY(hold);
	TRY(store_tmp_make(pull->store, &pull->tmp));
	rc = get_documents(pull);
	if (rc < 0 && pull->indexes == 0)
		return rc;
	if (rc >= 0)
		rc = pull_rest(pull, result);
	return rc < 0 ? leave_note(pull->store, rc) : rc;
}

static int pull_from(struct store *store, const char *name, const struct endpoint *endpoint,
		     const struct pull_options *options, struct pull_result *result)
{
	AUTO(pull)
	pull = { .store = store,
		 .options = options,
		 .name = name,
		 .bundle = BUNDLE_INIT,
		 .tmp = STORE_TMP_INIT };
	int rc;

	TRY(ref_parse(name, &pull.ref));
	TRY(registry_open(&options->registry, endpoint, REGISTRY_PULL, &pull.registry));
	rc = is_current(&pull, result);
	if (rc == 0)
		rc = pull_new(&pull, result);
	if (rc < 0 && endpoint->mirror)
		return fail_in(rc, "the mirror %s", registry_name(pull.registry));
	/* Whoever reads it wants to know where that was. */
	if (rc < 0 && strstr(err_text(), endpoint->host) == NULL)
		fail_in(rc, "%s", registry_name(pull.registry));
	return rc < 0 ? rc : 0;
}

static bool is_full(int rc)
{
	return rc == -ENOSPC || rc == -EDQUOT;
}

/* Where several places are asked, the error tells of each. */
static void collect(struct buf *errors, int rc)
{
	autofree char *fix = xstrdup(err_hint());

	if (rc >= 0)
		return;
	buf_addf(errors, "%s%s", errors->len > 0 ? "; " : "", err_text());
	err_set(errors->data, fix);
}

/* Ask one endpoint after the other. What goes wrong here and not there ends it. */
static int pull_name(struct store *store, const struct registries *registries, const char *name,
		     const struct pull_options *options, struct buf *errors,
		     struct pull_result *result)
{
	AUTO(ref) ref = { 0 };
	AUTO(endpoints) endpoints = { 0 };
	int rc = -ENOENT;

	TRY(ref_parse(name, &ref));
	TRY(policy_check(store->host, "docker", &ref));
	TRY(registries_pull(registries, &ref, &endpoints));
	for (size_t i = 0; i < endpoints.n && rc < 0 && !is_full(rc); i++) {
		rc = pull_from(store, name, &endpoints.v[i], options, result);
		collect(errors, rc);
	}
	if (rc < 0)
		return rc;
	result->name = xstrdup(name);
	return 0;
}

/* What the processes that were killed left is removed; what is complete stays for the next try. */
static int give_up(struct store *store, int rc)
{
	AUTO(err_kept) kept = err_keep();

	/* Those that were just killed hold the store and their directories until they are gone. */
	for (int i = 0; i < SWEEP_TRIES && store_sweep_tmp(store) > 0; i++)
		nanosleep(&(struct timespec){ .tv_nsec = SWEEP_PAUSE_NSEC }, NULL);
	if (is_full(rc)) {
		(void)fetch_sweep(store, 0);
		(void)ingest_give_up(store, rc);
	}
	err_restore(&kept);
	return rc;
}

/* The first of the names that a text may stand for. */
static int pull_first(struct store *store, const struct registries *registries, const char *text,
		      const struct pull_options *options, struct pull_result *result)
{
	AUTO(strvec) names = STRVEC_INIT;
	AUTO(buf) errors = BUF_INIT;
	int rc = -ENOENT;

	TRY(registries_complete(registries, text, &names));
	TRY(registry_options_check(&options->registry, &names));
	for (size_t i = 0; i < names.n && rc < 0 && !is_full(rc); i++)
		rc = pull_name(store, registries, names.v[i], options, &errors, result);
	return rc;
}

int pull_image(struct store *store, const char *text, const struct pull_options *options,
	       struct pull_result *ret_result)
{
	struct pull_result result = { 0 };
	struct registries *registries = NULL;
	int rc = registries_read(store->host, &registries);

	if (rc >= 0)
		rc = pull_first(store, registries, text, options, &result);
	registries_free(registries);
	if (rc < 0)
		return give_up(store, rc);
	*ret_result = result;
	return 0;
}

struct all_tags {
	struct store *store;
	const struct pull_options *options;
	struct registries *registries;
	struct ref ref;
	struct endpoints endpoints;
	struct strvec tags;
};

static void all_tags_release(struct all_tags *all)
{
	registries_free(all->registries);
	ref_release(&all->ref);
	endpoints_release(&all->endpoints);
	strvec_release(&all->tags);
}

static int list_tags(struct all_tags *all)
{
	int rc = -ENOENT;

	for (size_t i = 0; i < all->endpoints.n && rc < 0; i++) {
		struct registry *registry = NULL;

		err_clear();
		rc = registry_open(&all->options->registry, &all->endpoints.v[i], REGISTRY_PULL,
				   &registry);
		if (rc >= 0)
			rc = registry_list_tags(registry, &all->tags);
		registry_close(registry);
	}
	return rc;
}

static int find_tags(struct all_tags *all, const char *text)
{
	AUTO(strvec) names = STRVEC_INIT;

	TRY(registries_read(all->store->host, &all->registries));
	TRY(registries_complete(all->registries, text, &names));
	TRY(registry_options_check(&all->options->registry, &names));
	TRY(ref_parse(names.v[0], &all->ref));
	TRY(policy_check(all->store->host, "docker", &all->ref));
	TRY(registries_pull(all->registries, &all->ref, &all->endpoints));
	return list_tags(all);
}

int pull_all_tags(struct store *store, const char *text, const struct pull_options *options,
		  int (*each)(const struct pull_result *result, void *arg), void *arg)
{
	AUTO(all_tags) all = { .store = store, .options = options };
	AUTO(ref) given = { 0 };

	TRY(ref_parse(text, &given));
	if (given.tag != NULL || given.digest != NULL)
		return refuse("all tags were asked for, and '%s' names one", text);
	TRY(find_tags(&all, text));
	if (all.tags.n == 0)
		return refuse_with(ENOENT, "'%s' has no tags", text);
	for (size_t i = 0; i < all.tags.n; i++) {
		autofree char *repository = ref_repository(&all.ref);
		autofree char *name = xasprintf("%s:%s", repository, all.tags.v[i]);
		AUTO(pull_result) result = { 0 };
		AUTO(buf) errors = BUF_INIT;
		int rc = pull_name(store, all.registries, name, options, &errors, &result);

		TRY(rc < 0 ? give_up(store, rc) : 0);
		TRY(each(&result, arg));
	}
	return 0;
}
