/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/inspect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "image/ingest.h"
#include "image/lookup.h"
#include "image/plan.h"
#include "image/ref.h"

struct subject {
	struct store store;
	struct catalog catalog;
	struct image_item item;
	struct image_items items; /* all of the store */
	cJSON *config;            /* the document */
	struct image_config parsed;
};

static void subject_release(struct subject *s)
{
	image_item_release(&s->item);
	image_items_release(&s->items);
	catalog_release(&s->catalog);
	json_free(s->config);
	image_config_release(&s->parsed);
	store_release(&s->store);
}

/* The configuration as it stands; where only the layers are here, what the plan knows of it. */
static int read_config(struct subject *s)
{
	autofree char *path = xasprintf("blobs/sha256/%s", digest_hex(s->item.id));
	AUTO(buf) text = BUF_INIT;
	int there = fs_exists(s->store.fd, path);

	TRY(there);
	if (there == 1) {
		TRY(fs_read_file(s->store.fd, path, MAX_CONFIG, &text));
		TRY(json_parse(text.data, text.len, s->item.id, &s->config));
		return imageconfig_read(s->config, &s->parsed);
	}
	if (plan_read(&s->store, s->item.id, &s->parsed) < 0)
		return refuse("the configuration of the image is missing");
	imageconfig_print(&s->parsed, NULL, NULL, &text);
	return json_parse(text.data, text.len, s->item.id, &s->config);
}

static void add_names(cJSON *json, const struct subject *s)
{
	AUTO(strvec) tags = STRVEC_INIT, digests = STRVEC_INIT;

	for (size_t i = 0; i < s->items.n; i++) {
		const struct image_item *item = &s->items.v[i];
		AUTO(ref) ref = { 0 };

		if (item->name == NULL || strcmp(item->id, s->item.id) != 0)
			continue;
		strvec_push(&tags, item->name);
		if (ref_parse(item->name, &ref) < 0)
			continue;
		autofree char *repository = ref_repository(&ref);
		autofree char *digest = xasprintf("%s@%s", repository, item->digest);

		if (!strvec_has(&digests, digest))
			strvec_push(&digests, digest);
	}
	err_clear();
	json_add_strings(json, "RepoTags", &tags);
	json_add_strings(json, "RepoDigests", &digests);
}

/* A copy of a value of the document under docker's name; nothing where it is not there. */
static void add_copy(cJSON *json, const char *name, const struct subject *s, const char *key)
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(s->config, key);

	if (value != NULL && !cJSON_IsNull(value))
		cJSON_AddItemToObject(json, name, cJSON_Duplicate(value, true));
}

static void add_layers(cJSON *json, const struct subject *s)
{
	cJSON *rootfs = json_add_object(json, "RootFS");

	json_add_string(rootfs, "Type", "layers");
	json_add_strings(rootfs, "Layers", &s->parsed.diff_ids);
}

static void add_size(cJSON *json, const struct subject *s)
{
	uint64_t total = 0;

	for (size_t i = 0; i < s->parsed.diff_ids.n; i++) {
		uint64_t size = 0;

		if (ingest_layer_size(&s->store, s->parsed.diff_ids.v[i], &size) >= 0)
			total += size;
	}
	err_clear();
	json_add_int(json, "Size", (int64_t)total);
}

/* Where the layers are, in the words of docker's overlay2: the topmost first. */
static void add_driver(cJSON *json, const struct subject *s)
{
	cJSON *driver = json_add_object(json, "GraphDriver");
	AUTO(buf) lower = BUF_INIT;

	for (size_t i = s->parsed.diff_ids.n; i-- > 0;) {
		autofree char *path = store_layer_path(&s->store, s->parsed.diff_ids.v[i]);

		buf_addf(&lower, "%s%s", lower.len > 0 ? ":" : "", path);
	}
	json_add_string(driver, "Name", "overlay");
	json_add_string(json_add_object(driver, "Data"), "LowerDir", lower.data);
}

static cJSON *print_subject(const struct subject *s)
{
	cJSON *json = json_object();

	json_add_string(json, "Id", s->item.id);
	if (s->item.digest[0] != '\0')
		json_add_string(json, "Digest", s->item.digest);
	add_names(json, s);
	json_add_string(json, "Parent", "");
	json_add_string(json, "Comment", "");
	json_add_string(json, "Created", s->parsed.created != NULL ? s->parsed.created : "");
	add_copy(json, "Author", s, "author");
	add_copy(json, "Config", s, "config");
	if (cJSON_GetObjectItemCaseSensitive(json, "Config") == NULL)
		json_add_object(json, "Config");
	json_add_string(json, "Architecture",
			s->parsed.architecture != NULL ? s->parsed.architecture : "");
	json_add_string(json, "Variant", s->parsed.variant);
	json_add_string(json, "Os", s->parsed.os != NULL ? s->parsed.os : "");
	add_size(json, s);
	add_driver(json, s);
	add_layers(json, s);
	add_copy(json, "History", s, "history");
	return json;
}

static int find_subject(const struct host *host, const char *name, struct subject *s)
{
	bool by_name;

	TRY(store_open(host, &s->store));
	TRY(catalog_open(&s->store, &s->catalog));
	TRY(lookup(&s->catalog, name, &s->item, &by_name));
	if (s->item.id[0] == '\0')
		return refuse("the image '%s' is damaged: its manifest cannot be read", name);
	if (strcmp(s->item.id, s->item.digest) == 0) {
		refuse("'%s' is a manifest list, and has no image for this machine", name);
		hint("berth manifest inspect '%s' shows what it has", name);
		return -EINVAL;
	}
	TRY(lookup_all(&s->catalog, false, &s->items));
	return read_config(s);
}

int inspect_image(const struct host *host, const char *name, cJSON **ret_json)
{
	AUTO(subject) s = { .store = STORE_INIT, .catalog = CATALOG_INIT };

	TRY(find_subject(host, name, &s));
	*ret_json = print_subject(&s);
	return 0;
}
