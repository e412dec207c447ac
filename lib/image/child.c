/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/child.h"

#include <stdlib.h>
#include <string.h>

#include "base/bounds.h"
#include "base/err.h"
#include "image/blob.h"
#include "image/ingest.h"
#include "image/lookup.h"
#include "image/rewrite.h"

struct making {
	const struct child *child;
	const struct image_config *config;
	cJSON *parent; /* the document of its configuration; NULL: nothing is taken over */
};

static void making_release(struct making *making)
{
	json_free(making->parent);
}

/* --- what the parent has ---------------------------------------------------------------------- */

/* Layers that came under docker's types are named by OCI's: a manifest has those of one family, and
 * is made docker's as a whole. */
static const char *oci_type(const char *media_type)
{
	switch (rewrite_media_compression(media_type != NULL ? media_type : "")) {
	case COMPRESSION_GZIP:
		return MEDIA_OCI_LAYER "+gzip";
	case COMPRESSION_ZSTD:
		return MEDIA_OCI_LAYER "+zstd";
	case COMPRESSION_NONE:
		break;
	}
	return MEDIA_OCI_LAYER;
}

static int take_layers(struct store *store, const char *digest, struct bundle *bundle)
{
	AUTO(manifest) m = { 0 };
	AUTO(buf) text = BUF_INIT;

	TRY(blob_read(store, digest, MAX_MANIFEST, &text));
	TRY(manifest_parse(text.data, text.len, digest, &m));
	for (size_t i = 0; i < m.layers.n; i++) {
		struct descriptor *d = VEC_PUSH(&bundle->layers);

		d->media_type = xstrdup(oci_type(m.layers.v[i].media_type));
		memcpy(d->digest, m.layers.v[i].digest, DIGEST_TEXT_SIZE);
		d->size = m.layers.v[i].size;
	}
	return 0;
}

static int take_parent(struct store *store, struct making *making, struct bundle *bundle)
{
	const struct image *parent = making->child->parent;
	AUTO(catalog) catalog = CATALOG_INIT;
	AUTO(image_item) item = { 0 };
	AUTO(buf) text = BUF_INIT;
	bool by_name;

	TRY(catalog_open(store, &catalog));
	TRY(lookup(&catalog, parent->id, &item, &by_name));
	if (item.entry < 0 || item.digest[0] == '\0') {
		refuse("the store has only the unpacked layers of its image, not their archives");
		hint("load or pull the image, or give --squash");
		return -EINVAL;
	}
	TRY(take_layers(store, item.digest, bundle));
	TRY(blob_read(store, parent->id, MAX_CONFIG, &text));
	TRY(json_parse(text.data, text.len, parent->id, &making->parent));
	strvec_push_all(&bundle->parsed.diff_ids, &parent->config.diff_ids);
	if (bundle->layers.n != parent->config.diff_ids.n)
		return refuse("the manifest of the image has another number of layers");
	return 0;
}

/* --- its documents ---------------------------------------------------------------------------- */

static void copy_value(cJSON *to, const cJSON *from, const char *key)
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(from, key);

	if (value != NULL && !cJSON_IsNull(value) &&
	    cJSON_GetObjectItemCaseSensitive(to, key) == NULL)
		cJSON_AddItemToObject(to, key, cJSON_Duplicate(value, true));
}

/* What an image's configuration may say that struct image_config has no word for. */
static void copy_others(cJSON *json, const cJSON *parent)
{
	static const char *const of_image[] = { "os.version", "os.features" };
	static const char *const of_config[] = { "Healthcheck", "OnBuild", "Shell", "ArgsEscaped",
						 "StopTimeout" };
	const cJSON *from = cJSON_GetObjectItemCaseSensitive(parent, "config");
	cJSON *to = cJSON_GetObjectItemCaseSensitive(json, "config");

	for (size_t i = 0; i < ARRAY_SIZE(of_image); i++)
		copy_value(json, parent, of_image[i]);
	for (size_t i = 0; i < ARRAY_SIZE(of_config) && from != NULL; i++)
		copy_value(to, from, of_config[i]);
}

/* The parent's steps, as many as it has layers at least: one for each is what readers count on. */
static void put_history(cJSON *json, const struct making *making, size_t n_layers)
{
	const cJSON *before = cJSON_GetObjectItemCaseSensitive(making->parent, "history"), *item;
	cJSON *last, *history;
	size_t n = 0;

	history = cJSON_DetachItemFromObjectCaseSensitive(json, "history");
	last = cJSON_DetachItemFromArray(history, 0);
	cJSON_ArrayForEach(item, before)
	{
		json_push(history, cJSON_Duplicate(item, true));
		if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(item, "empty_layer")))
			n++;
	}
	for (; n < n_layers; n++)
		json_push(history, json_object());
	json_add_string(last, "author", making->child->author);
	json_push(history, last);
	cJSON_AddItemToObject(json, "history", history);
}

static int make_config(const struct making *making, size_t n_parent, struct bundle *bundle)
{
	const struct child *child = making->child;
	struct image_config config = *making->config;
	autojson cJSON *json = NULL;
	AUTO(buf) text = BUF_INIT;

	config.diff_ids = bundle->parsed.diff_ids;
	imageconfig_print(&config, child->created_by, child->comment, &text);
	TRY(json_parse(text.data, text.len, "the configuration", &json));
	json_add_string(json, "author", child->author);
	if (making->parent != NULL)
		copy_others(json, making->parent);
	put_history(json, making, n_parent);
	json_print(json, false, &bundle->config);
	if (bundle->config.len > MAX_CONFIG)
		return refuse("the configuration would have more than %lu bytes", MAX_CONFIG);
	return 0;
}

/* The same in docker's words. */
static int make_docker_manifest(struct bundle *bundle, const struct descriptors *layers)
{
	autofree struct rewrite_layer *same = xcalloc(layers->n, sizeof(*same));
	struct descriptor config = { .media_type = (char *)MEDIA_OCI_CONFIG,
				     .size = bundle->config.len };
	AUTO(buf) text = BUF_INIT;
	const char *type;

	TRY(digest_of(bundle->config.data, bundle->config.len, config.digest));
	for (size_t i = 0; i < layers->n; i++)
		same[i].compression = rewrite_media_compression(layers->v[i].media_type);
	manifest_print(&config, layers, &text);
	TRY(rewrite_manifest(&text, MEDIA_OCI_MANIFEST, FAMILY_DOCKER, same, &bundle->manifest,
			     &type));
	xreplace(&bundle->manifest_type, type);
	return 0;
}

static int describe(struct bundle *bundle, const struct descriptors *layers, void *arg)
{
	const struct making *making = arg;

	TRY(make_config(making, layers->n - 1, bundle));
	/* Its plan is made of what the document says. */
	image_config_release(&bundle->parsed);
	TRY(imageconfig_parse(bundle->config.data, bundle->config.len, "the configuration",
			      &bundle->parsed));
	return making->child->docker ? make_docker_manifest(bundle, layers) : 0;
}

int child_make(struct store *store, const struct child *child, struct layer_source *source,
	       const struct image_config *config, const struct strvec *names, char *ret_id)
{
	AUTO(making) making = { .child = child, .config = config };
	AUTO(bundle) bundle = BUNDLE_INIT;
	const struct ingest_child ingest = {
		.source = source, .describe = describe, .arg = &making, .names = names
	};

	bundle.config_type = xstrdup(child->docker ? MEDIA_DOCKER_CONFIG : MEDIA_OCI_CONFIG);
	bundle.manifest_type = xstrdup(MEDIA_OCI_MANIFEST);
	if (!child->squash)
		TRY(take_parent(store, &making, &bundle));
	TRY(ingest_child(store, &ingest, &bundle));
	memcpy(ret_id, bundle.id, DIGEST_TEXT_SIZE);
	return 0;
}
