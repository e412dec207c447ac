/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"
#include "image/blob.h"
#include "image/lookup.h"
#include "image/plan.h"
#include "image/ref.h"
#include "image/relatives.h"
#include "image/source.h"

void list_release(struct list *list)
{
	strvec_release(&list->ids);
	json_free(list->json);
	free(list->name);
	catalog_release(&list->catalog);
	cleanup_close(&list->hold);
	*list = (struct list)LIST_INIT;
}

/* --- opening --------------------------------------------------------------------------------- */

static const struct catalog_entry *find_entry(const struct catalog *catalog, const char *text)
{
	AUTO(strvec) names = STRVEC_INIT;

	lookup_names(text, &names);
	for (size_t i = 0; i < names.n; i++) {
		const struct catalog_entry *entry = catalog_find(catalog, names.v[i]);

		if (entry != NULL)
			return entry;
	}
	return NULL;
}

/* Locks are taken in this order. */
static int lock_store(struct list *list, struct store *store)
{
	list->store = store;
	list->hold = store_hold(store);
	TRY(list->hold);
	return catalog_open_locked(store, &list->catalog);
}

void list_members(const struct store *store, const char *digest, struct strvec *ret_ids)
{
	AUTO(manifest) index = { 0 };
	AUTO(buf) text = BUF_INIT;

	if (blob_read(store, digest, MAX_MANIFEST, &text) >= 0)
		(void)manifest_parse(text.data, text.len, digest, &index);
	for (size_t i = 0; i < index.manifests.n; i++) {
		const char *member = index.manifests.v[i].digest;
		AUTO(manifest) m = { 0 };

		buf_clear(&text);
		if (blob_read(store, member, MAX_MANIFEST, &text) >= 0 &&
		    manifest_parse(text.data, text.len, member, &m) >= 0 && !m.is_index)
			strvec_push(ret_ids, m.config.digest);
	}
	err_clear();
}

static int read_list(struct list *list, const struct catalog_entry *entry)
{
	AUTO(manifest) m = { 0 };
	AUTO(buf) text = BUF_INIT;
	const cJSON *array = NULL;

	TRY(blob_read(list->store, entry->descriptor.digest, MAX_MANIFEST, &text));
	TRY(manifest_parse(text.data, text.len, entry->name, &m));
	if (!m.is_index)
		return refuse("'%s' is an image, not a manifest list", entry->name);
	TRY(json_parse(text.data, text.len, entry->name, &list->json));
	TRY(json_get_array(list->json, "manifests", &array));
	list->manifests = (cJSON *)array;
	list->name = xstrdup(entry->name);
	memcpy(list->digest, entry->descriptor.digest, DIGEST_TEXT_SIZE);
	list_members(list->store, list->digest, &list->ids);
	return 0;
}

static int no_list(const char *text)
{
	refuse_with(ENOENT, "there is no manifest list '%s'", text);
	hint("berth manifest create '%s' makes one", text);
	return -ENOENT;
}

int list_open(struct list *list, struct store *store, const char *text)
{
	const struct catalog_entry *entry;

	TRY(lock_store(list, store));
	entry = find_entry(&list->catalog, text);
	return entry != NULL ? read_list(list, entry) : no_list(text);
}

static int name_list(struct list *list, const char *text)
{
	AUTO(ref) ref = { 0 };

	TRY(ref_parse(text, &ref));
	if (ref.digest != NULL)
		return refuse("'%s': a manifest list is not named by a digest", text);
	list->name = ref_name(&ref);
	return 0;
}

int list_create(struct list *list, struct store *store, const char *text, bool amend)
{
	const struct catalog_entry *entry;

	TRY(lock_store(list, store));
	entry = find_entry(&list->catalog, text);
	if (entry != NULL && amend)
		return read_list(list, entry);
	if (entry != NULL) {
		refuse_with(EEXIST, "the name '%s' is in use", entry->name);
		hint("--amend adds to a manifest list that is there");
		return -EEXIST;
	}
	TRY(name_list(list, text));
	list->json = json_object();
	json_add_int(list->json, "schemaVersion", 2);
	json_add_string(list->json, "mediaType", MEDIA_OCI_INDEX);
	list->manifests = json_add_array(list->json, "manifests");
	return 0;
}

/* --- members --------------------------------------------------------------------------------- */

static void set_string(cJSON *object, const char *key, const char *text)
{
	if (text == NULL)
		return;
	cJSON_DeleteItemFromObjectCaseSensitive(object, key);
	json_add_string(object, key, text);
}

static void set_strings(cJSON *object, const char *key, const struct strvec *list)
{
	if (list->n == 0)
		return;
	cJSON_DeleteItemFromObjectCaseSensitive(object, key);
	json_add_strings(object, key, list);
}

/* The object below a key, made where it is missing. */
static cJSON *have_object(cJSON *object, const char *key)
{
	cJSON *child = cJSON_GetObjectItemCaseSensitive(object, key);

	if (cJSON_IsObject(child))
		return child;
	cJSON_DeleteItemFromObjectCaseSensitive(object, key);
	return json_add_object(object, key);
}

static int set_annotations(cJSON *object, const struct strvec *annotations)
{
	for (size_t i = 0; i < annotations->n; i++) {
		const char *equals = strchr(annotations->v[i], '=');
		autofree char *key = NULL;

		if (equals == NULL || equals == annotations->v[i])
			return refuse("'%s' is not an annotation: KEY=VALUE", annotations->v[i]);
		key = xstrndup(annotations->v[i], (size_t)(equals - annotations->v[i]));
		set_string(have_object(object, "annotations"), key, equals + 1);
	}
	return 0;
}

static int set_details(cJSON *item, const struct list_details *details)
{
	cJSON *platform = have_object(item, "platform");

	set_string(platform, "architecture", details->architecture);
	set_string(platform, "os", details->os);
	set_string(platform, "variant", details->variant);
	set_string(platform, "os.version", details->os_version);
	set_strings(platform, "os.features", &details->os_features);
	set_strings(platform, "features", &details->features);
	return set_annotations(item, &details->annotations);
}

/* The entry of the list with a digest; NULL. */
static cJSON *find_member(const struct list *list, const char *digest)
{
	cJSON *item;

	cJSON_ArrayForEach(item, list->manifests)
	{
		const char *text = NULL;

		if (json_get_string(item, "digest", &text) == 1 && strcmp(text, digest) == 0)
			return item;
	}
	err_clear();
	return NULL;
}

/* A manifest of one image, which is read to see what it is for. */
static int add_manifest(struct list *list, const struct descriptors *entries,
			const struct platform *platform, const struct list_details *details)
{
	AUTO(archive) layout = ARCHIVE_INIT;
	AUTO(bundle) bundle = BUNDLE_INIT;
	cJSON *item, *old;

	TRY(archive_open_dir(list->store->fd, list->store->path, &layout));
	TRY(bundle_read_layout(&layout, entries, platform, "its manifest", &bundle));
	if (cJSON_GetArraySize(list->manifests) >= MAX_INDEX_ENTRIES)
		return refuse("a manifest list has no more than %d members", MAX_INDEX_ENTRIES);
	old = find_member(list, bundle.digest);
	if (old != NULL)
		cJSON_Delete(cJSON_DetachItemViaPointer(list->manifests, old));
	item = json_object();
	json_push(list->manifests, item);
	json_add_string(item, "mediaType", bundle.manifest_type);
	json_add_int(item, "size", (int64_t)bundle.manifest.len);
	json_add_string(item, "digest", bundle.digest);
	json_add_object(item, "platform");
	TRY(set_details(item, &(struct list_details){ .architecture = bundle.parsed.architecture,
						      .os = bundle.parsed.os,
						      .variant = bundle.parsed.variant }));
	return set_details(item, details);
}

/* Every member that is here. */
static int add_members(struct list *list, const struct descriptor *index,
		       const struct list_details *details)
{
	AUTO(manifest) m = { 0 };
	AUTO(buf) text = BUF_INIT;
	size_t added = 0;

	TRY(blob_read(list->store, index->digest, MAX_MANIFEST, &text));
	TRY(manifest_parse(text.data, text.len, index->digest, &m));
	for (size_t i = 0; i < m.manifests.n; i++) {
		struct descriptors only = { .v = &m.manifests.v[i], .n = 1 };

		if (only.v->attestation || !blob_exists(list->store, only.v->digest, only.v->size))
			continue;
		TRY(add_manifest(list, &only, NULL, details));
		added++;
	}
	return added > 0 ? 0 : refuse_with(ENOENT, "none of the images that it names is here");
}

static int add_entry(struct list *list, const struct descriptor *d, bool all,
		     const struct list_details *details)
{
	const struct descriptors entries = { .v = (struct descriptor *)d, .n = 1 };
	bool is_index = d->media_type != NULL && media_kind(d->media_type) == MEDIA_INDEX;
	AUTO(platform) wanted = { 0 };

	if (is_index && all)
		return add_members(list, d, details);
	if (is_index) {
		platform_host(&wanted);
		if (details->architecture != NULL) {
			xreplace(&wanted.architecture, details->architecture);
			xreplace(&wanted.variant, details->variant);
		}
		if (details->os != NULL)
			xreplace(&wanted.os, details->os);
	}
	return add_manifest(list, &entries, is_index ? &wanted : NULL, details);
}

int list_add(struct list *list, const char *image, bool all, const struct list_details *details)
{
	AUTO(image_item) item = { 0 };
	bool by_name;

	TRY(lookup(&list->catalog, image, &item, &by_name));
	if (item.entry < 0)
		return refuse("the image '%s' was run from an archive and has no manifest", image);
	if (item.name != NULL && strcmp(item.name, list->name) == 0)
		return refuse("a manifest list cannot be a member of itself");
	return list_add_document(list, image, &list->catalog.v[item.entry].descriptor, all,
				 details);
}

int list_add_document(struct list *list, const char *image, const struct descriptor *document,
		      bool all, const struct list_details *details)
{
	return fail_in(add_entry(list, document, all, details), "image '%s'", image);
}

/* By digest, or by the name of an image of the store. */
static int choose_member(struct list *list, const char *text, cJSON **ret_item)
{
	AUTO(image_item) item = { 0 };
	AUTO(ref) ref = { 0 };
	bool by_name;

	*ret_item = NULL;
	if (digest_is_valid(text))
		*ret_item = find_member(list, text);
	else if (ref_parse(text, &ref) == 0 && ref.digest != NULL)
		*ret_item = find_member(list, ref.digest);
	if (*ret_item == NULL && lookup(&list->catalog, text, &item, &by_name) == 0 &&
	    item.digest[0] != '\0')
		*ret_item = find_member(list, item.digest);
	if (*ret_item != NULL) {
		err_clear();
		return 0;
	}
	return refuse_with(ENOENT, "the list '%s' has no member '%s'", list->name, text);
}

int list_annotate(struct list *list, const char *member, const struct list_details *details)
{
	cJSON *item;

	TRY(choose_member(list, member, &item));
	return set_details(item, details);
}

int list_annotate_index(struct list *list, const struct strvec *annotations)
{
	return set_annotations(list->json, annotations);
}

int list_remove(struct list *list, const char *member)
{
	cJSON *item;

	TRY(choose_member(list, member, &item));
	cJSON_Delete(cJSON_DetachItemViaPointer(list->manifests, item));
	return 0;
}

/* --------------------------------------------------------------------------------------------- */

static bool is_image(const struct relatives *relatives, const char *id)
{
	for (size_t i = 0; i < relatives->n; i++)
		if (relatives->v[i].diff_id == NULL && strcmp(relatives->v[i].digest, id) == 0)
			return true;
	return false;
}

/* 1: a container, running or not, is of it. */
static int is_used(removal_users users, void *arg, const char *id)
{
	int rc = users != NULL ? users(arg, id, false) : 0;

	if (rc != -EBUSY)
		return rc < 0 ? rc : 0;
	err_clear();
	return 1;
}

/* Its lock, while nobody can begin to use it, is held until the plan is gone. */
static int forget_plan(struct store *store, const char *id, removal_users users, void *arg)
{
	autoclose int lock = plan_lock(store, id);
	int used;

	if (lock == -EBUSY || lock == -ENOENT)
		return 0;
	TRY(lock);
	used = is_used(users, arg, id);
	TRY(used);
	return used == 1 ? 0 : plan_remove(store, id);
}

int list_forget_members(struct store *store, const struct strvec *ids, removal_users users,
			void *arg)
{
	AUTO(relatives) relatives = { 0 };

	if (ids->n == 0)
		return 0;
	TRY(relatives_read(store, NULL, &relatives));
	for (size_t i = 0; i < ids->n; i++)
		if (!is_image(&relatives, ids->v[i]))
			TRY(forget_plan(store, ids->v[i], users, arg));
	return 0;
}

static int keep_text(struct list *list, const struct buf *text)
{
	AUTO(store_tmp) tmp = STORE_TMP_INIT;

	TRY(store_tmp_make(list->store, &tmp));
	TRY(blob_write(&tmp, "index", text, list->digest));
	return blob_sync_names(list->store);
}

int list_commit(struct list *list)
{
	struct descriptor d = { .media_type = (char *)(uintptr_t)MEDIA_OCI_INDEX };
	const struct catalog_entry *old;
	AUTO(buf) text = BUF_INIT;
	const char *type = NULL;

	TRY(json_get_string(list->json, "mediaType", &type));
	if (type == NULL || strcmp(type, MEDIA_OCI_INDEX) != 0)
		set_string(list->json, "mediaType", MEDIA_OCI_INDEX);
	json_print(list->json, false, &text);
	if (text.len > MAX_MANIFEST)
		return refuse("a manifest list has no more than %lu bytes", MAX_MANIFEST);
	TRY(digest_of(text.data, text.len, list->digest));
	memcpy(d.digest, list->digest, DIGEST_TEXT_SIZE);
	d.size = text.len;
	TRY(keep_text(list, &text));
	old = catalog_find(&list->catalog, list->name);
	/* The list as it was serves nobody. */
	if (old != NULL && strcmp(old->descriptor.digest, list->digest) != 0) {
		TRY(store_mark_garbage(list->store));
		catalog_remove(&list->catalog, (size_t)(old - list->catalog.v));
	}
	catalog_set(&list->catalog, list->name, &d);
	TRY(catalog_commit(&list->catalog));
	return list_forget_members(list->store, &list->ids, list->users, list->users_arg);
}

int list_drop(struct list *list)
{
	const struct catalog_entry *entry = catalog_find(&list->catalog, list->name);

	TRY(store_mark_garbage(list->store));
	if (entry != NULL)
		catalog_remove(&list->catalog, (size_t)(entry - list->catalog.v));
	TRY(catalog_commit(&list->catalog));
	return list_forget_members(list->store, &list->ids, list->users, list->users_arg);
}

int list_read(struct store *store, const char *text, struct buf *ret_text)
{
	AUTO(catalog) catalog = CATALOG_INIT;
	AUTO(image_item) item = { 0 };
	bool by_name;

	TRY(catalog_open(store, &catalog));
	TRY(lookup(&catalog, text, &item, &by_name));
	if (item.entry < 0)
		return refuse_with(ENOENT, "the image '%s' has no manifest", text);
	return blob_read(store, catalog.v[item.entry].descriptor.digest, MAX_MANIFEST, ret_text);
}

int list_exists(struct store *store, const char *text)
{
	AUTO(catalog) catalog = CATALOG_INIT;
	const struct catalog_entry *entry;

	TRY(catalog_open(store, &catalog));
	entry = find_entry(&catalog, text);
	return entry != NULL && entry->descriptor.media_type != NULL &&
	       media_kind(entry->descriptor.media_type) == MEDIA_INDEX;
}
