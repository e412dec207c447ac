/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/lookup.h"

#include <stdlib.h>
#include <string.h>

#include "base/bounds.h"
#include "base/err.h"
#include "image/blob.h"
#include "image/plan.h"
#include "image/ref.h"
#include "image/source.h"

void lookup_names(const char *text, struct strvec *ret_names)
{
	AUTO(ref) ref = { 0 };

	if (ref_parse(text, &ref) < 0) {
		err_clear();
		return;
	}
	strvec_push_owned(ret_names, ref_name(&ref));
	if (ref.host_given)
		return;
	/* What podman and buildah call an image that was built here. */
	xreplace(&ref.host, "localhost");
	if (strncmp(ref.path, "library/", 8) == 0 && strncmp(text, "library/", 8) != 0)
		memmove(ref.path, ref.path + 8, strlen(ref.path + 8) + 1);
	strvec_push_owned(ret_names, ref_name(&ref));
}

void image_item_release(struct image_item *item)
{
	free(item->name);
	*item = (struct image_item){ 0 };
}

const char *image_item_key(const struct image_item *item)
{
	return item->id[0] != '\0' ? item->id : item->digest;
}

void image_items_release(struct image_items *items)
{
	for (size_t i = 0; i < items->n; i++)
		image_item_release(&items->v[i]);
	free(items->v);
	*items = (struct image_items){ 0 };
}

/* An index that has nothing for this machine, a list that is being made: it stands for itself. */
static bool is_sound_index(const struct archive *layout, const struct descriptor *d)
{
	autofree char *path = blob_path(d->digest);
	AUTO(manifest) m = { 0 };
	AUTO(buf) text = BUF_INIT;

	return d->media_type != NULL && media_kind(d->media_type) == MEDIA_INDEX &&
	       archive_read(layout, path, MAX_MANIFEST, &text) >= 0 &&
	       manifest_parse(text.data, text.len, d->digest, &m) >= 0 && m.is_index;
}

/* The digests of an entry's image, from the cache or from its documents. Those that are damaged
 * leave them empty. */
static void identify(const struct catalog *catalog, const struct archive *layout,
		     const struct catalog_entry *entry, struct image_item *item)
{
	struct descriptors list = { .v = (struct descriptor *)&entry->descriptor, .n = 1 };

	item->name = xstrdup_null(entry->name);
	if (entry->name != NULL &&
	    catalog_recall(catalog->store, entry->name, item->id, item->digest) == 1)
		return;
	if (bundle_identify(layout, &list, NULL, item->id, item->digest) < 0) {
		item->id[0] = '\0';
		memcpy(item->digest, entry->descriptor.digest, DIGEST_TEXT_SIZE);
		if (is_sound_index(layout, &entry->descriptor))
			memcpy(item->id, item->digest, DIGEST_TEXT_SIZE);
		err_clear();
	} else if (entry->name != NULL) {
		catalog_remember(catalog, entry->name, item->id, item->digest);
	}
}

static bool has_id(const struct image_items *items, const char *id)
{
	for (size_t i = 0; i < items->n; i++)
		if (strcmp(items->v[i].id, id) == 0)
			return true;
	return false;
}

static int add_plans(const struct store *store, struct image_items *items)
{
	AUTO(strvec) ids = STRVEC_INIT;

	TRY(plan_list(store, &ids));
	for (size_t i = 0; i < ids.n; i++) {
		struct image_item *item;

		if (has_id(items, ids.v[i]))
			continue;
		item = VEC_PUSH(items);
		memcpy(item->id, ids.v[i], DIGEST_TEXT_SIZE);
		item->entry = -1;
	}
	return 0;
}

int lookup_all(const struct catalog *catalog, bool with_plans, struct image_items *ret_items)
{
	AUTO(archive) layout = ARCHIVE_INIT;
	AUTO(image_items) items = { 0 };

	TRY(archive_open_dir(catalog->store->fd, catalog->store->path, &layout));
	for (size_t i = 0; i < catalog->n; i++) {
		struct image_item *item = VEC_PUSH(&items);

		item->entry = (ssize_t)i;
		identify(catalog, &layout, &catalog->v[i], item);
	}
	if (with_plans)
		TRY(add_plans(catalog->store, &items));
	*ret_items = items;
	items = (struct image_items){ 0 };
	return 0;
}

int lookup_fail(const char *text)
{
	AUTO(strvec) names = STRVEC_INIT;

	lookup_names(text, &names);
	refuse_with(ENOENT, "there is no image '%s' in the store", text);
	if (names.n > 0)
		hint("berth images lists what is there; berth pull fetches an image from a "
		     "registry, and berth load -i FILE takes it from an archive");
	return -ENOENT;
}

/* Entries whose name is one of `names`; or, where a digest was given, of the same repository. */
static ssize_t find_name(const struct catalog *catalog, const char *text)
{
	AUTO(strvec) names = STRVEC_INIT;

	lookup_names(text, &names);
	for (size_t k = 0; k < names.n; k++) {
		const struct catalog_entry *entry = catalog_find(catalog, names.v[k]);

		if (entry != NULL)
			return entry - catalog->v;
	}
	for (size_t k = 0; k < names.n; k++) {
		AUTO(ref) wanted = { 0 };

		if (ref_parse(names.v[k], &wanted) < 0 || wanted.digest == NULL)
			continue;
		for (size_t i = 0; i < catalog->n; i++) {
			AUTO(ref) have = { 0 };

			if (catalog->v[i].name != NULL &&
			    strcmp(catalog->v[i].descriptor.digest, wanted.digest) == 0 &&
			    ref_parse(catalog->v[i].name, &have) == 0 &&
			    strcmp(have.host, wanted.host) == 0 &&
			    strcmp(have.path, wanted.path) == 0)
				return (ssize_t)i;
		}
	}
	err_clear();
	return -1;
}

int lookup_entry(const struct catalog *catalog, size_t index, struct image_item *ret_item)
{
	AUTO(archive) layout = ARCHIVE_INIT;

	TRY(archive_open_dir(catalog->store->fd, catalog->store->path, &layout));
	*ret_item = (struct image_item){ .entry = (ssize_t)index };
	identify(catalog, &layout, &catalog->v[index], ret_item);
	return 0;
}

/* The hex digits of an ID or of its start; NULL where text is neither. */
static const char *id_digits(const char *text)
{
	if (strncmp(text, "sha256:", 7) == 0)
		text += 7;
	if (text[0] == '\0' || strlen(text) > DIGEST_HEX_LEN ||
	    strspn(text, "0123456789abcdef") != strlen(text))
		return NULL;
	return text;
}

static int find_id(const struct catalog *catalog, const char *text, struct image_item *ret_item)
{
	AUTO(image_items) items = { 0 };
	const char *digits = id_digits(text);
	struct image_item *found = NULL;
	AUTO(buf) list = BUF_INIT;

	if (digits == NULL)
		return lookup_fail(text);
	TRY(lookup_all(catalog, true, &items));
	for (size_t i = 0; i < items.n; i++) {
		struct image_item *item = &items.v[i];

		if (item->id[0] == '\0' ||
		    strncmp(digest_hex(item->id), digits, strlen(digits)) != 0)
			continue;
		if (found == NULL || strcmp(found->id, item->id) != 0)
			buf_addf(&list, "%s%s", found != NULL ? ", " : "", digest_hex(item->id));
		if (found != NULL && strcmp(found->id, item->id) != 0) {
			refuse("'%s' is the start of more than one image ID", text);
			hint("there are: %s", list.data);
			return -EINVAL;
		}
		if (found == NULL)
			found = item;
	}
	if (found == NULL)
		return lookup_fail(text);
	*ret_item = *found;
	found->name = NULL;
	return 0;
}

int lookup(const struct catalog *catalog, const char *text, struct image_item *ret_item,
	   bool *ret_by_name)
{
	ssize_t index = find_name(catalog, text);

	*ret_by_name = index >= 0;
	if (index >= 0)
		return lookup_entry(catalog, (size_t)index, ret_item);
	return find_id(catalog, text, ret_item);
}
