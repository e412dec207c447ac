/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/catalog.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/lock.h"
#include "image/ref.h"

#define INDEX "index.json"

static void print_key(const struct stat *st, char *key, size_t size)
{
	snprintf(key, size, "%llx-%llx.%lx-%llx", (unsigned long long)st->st_ino,
		 (unsigned long long)st->st_mtim.tv_sec, (unsigned long)st->st_mtim.tv_nsec,
		 (unsigned long long)st->st_size);
}

static void entry_release(struct catalog_entry *entry)
{
	free(entry->name);
	descriptor_release(&entry->descriptor);
}

static int read_entry(struct catalog *catalog, cJSON *item)
{
	autofree char *where = xasprintf("manifests[%zu]", catalog->n);
	struct catalog_entry *entry;
	struct descriptor d;

	TRY(descriptor_read(item, where, &d));
	entry = VEC_PUSH(catalog);
	entry->item = item;
	entry->descriptor = d;
	/* A name that no reference could ask for is shown as it is. */
	if (d.ref_name != NULL && d.ref_name[0] != '\0' &&
	    ref_normalize(d.ref_name, &entry->name) < 0)
		entry->name = xstrdup(d.ref_name);
	err_clear();
	return 0;
}

static int read_index(struct catalog *catalog)
{
	const cJSON *array = NULL;
	cJSON *item;

	if (!cJSON_IsObject(catalog->json))
		return refuse("it is not an object");
	TRY(json_get_array(catalog->json, "manifests", &array));
	catalog->manifests = (cJSON *)array;
	if (array == NULL)
		catalog->manifests = json_add_array(catalog->json, "manifests");
	cJSON_ArrayForEach(item, catalog->manifests)
	{
		if (catalog->n >= MAX_INDEX_ENTRIES)
			return refuse("it has more than %d entries", MAX_INDEX_ENTRIES);
		TRY(read_entry(catalog, item));
	}
	return 0;
}

static int load(struct catalog *catalog)
{
	autoclose int fd = fs_open(catalog->store->fd, INDEX, O_RDONLY, 0);
	AUTO(buf) text = BUF_INIT;
	struct stat st;

	TRY(fd);
	if (fstat(fd, &st) < 0)
		return fail("cannot look at it");
	TRY(fs_read_fd(fd, INDEX, MAX_MANIFEST, &text));
	TRY(json_parse(text.data, text.len, INDEX, &catalog->json));
	print_key(&st, catalog->key, sizeof(catalog->key));
	return read_index(catalog);
}

static int open_catalog(struct store *store, int lock, struct catalog *ret_catalog)
{
	struct catalog catalog = { .store = store, .lock = lock };
	int rc = load(&catalog);

	if (rc < 0) {
		catalog_release(&catalog);
		return fail_in(rc, "%s/" INDEX, store->path);
	}
	*ret_catalog = catalog;
	return 0;
}

int catalog_open(struct store *store, struct catalog *ret_catalog)
{
	return open_catalog(store, -1, ret_catalog);
}

int catalog_open_locked(struct store *store, struct catalog *ret_catalog)
{
	int lock = lock_take(store->fd, "lock/index", LOCK_EXCLUSIVE, "the store's index");

	TRY(lock);
	return open_catalog(store, lock, ret_catalog);
}

void catalog_release(struct catalog *catalog)
{
	for (size_t i = 0; i < catalog->n; i++)
		entry_release(&catalog->v[i]);
	free(catalog->v);
	strvec_release(&catalog->changed);
	json_free(catalog->json);
	if (catalog->lock >= 0)
		close(catalog->lock);
	*catalog = (struct catalog)CATALOG_INIT;
}

const struct catalog_entry *catalog_find(const struct catalog *catalog, const char *name)
{
	for (size_t i = 0; i < catalog->n; i++)
		if (catalog->v[i].name != NULL && strcmp(catalog->v[i].name, name) == 0)
			return &catalog->v[i];
	return NULL;
}

static size_t count_digest(const struct catalog *catalog, const char *digest)
{
	size_t n = 0;

	for (size_t i = 0; i < catalog->n; i++)
		n += strcmp(catalog->v[i].descriptor.digest, digest) == 0 ? 1 : 0;
	return n;
}

void catalog_remove(struct catalog *catalog, size_t index)
{
	struct catalog_entry *entry = &catalog->v[index];

	if (entry->name != NULL)
		strvec_push(&catalog->changed, entry->name);
	cJSON_Delete(cJSON_DetachItemViaPointer(catalog->manifests, entry->item));
	entry_release(entry);
	catalog->n--;
	memmove(entry, entry + 1, (catalog->n - index) * sizeof(*entry));
}

void catalog_strip_name(struct catalog *catalog, size_t index)
{
	struct catalog_entry *entry = &catalog->v[index];
	cJSON *annotations = cJSON_GetObjectItemCaseSensitive(entry->item, "annotations");

	if (count_digest(catalog, entry->descriptor.digest) > 1) {
		catalog_remove(catalog, index);
		return;
	}
	strvec_push(&catalog->changed, entry->name);
	cJSON_DeleteItemFromObjectCaseSensitive(annotations, ANNOTATION_REF_NAME);
	cJSON_DeleteItemFromObjectCaseSensitive(annotations, ANNOTATION_IMAGE_NAME);
	if (annotations != NULL && annotations->child == NULL)
		cJSON_DeleteItemFromObjectCaseSensitive(entry->item, "annotations");
	free(steal(entry->name));
	free(steal(entry->descriptor.ref_name));
	free(steal(entry->descriptor.image_name));
}

static void add_entry(struct catalog *catalog, const char *name, const struct descriptor *d)
{
	struct catalog_entry *entry = VEC_PUSH(catalog);
	cJSON *item = json_object();

	json_add_string(item, "mediaType", d->media_type);
	json_add_string(item, "digest", d->digest);
	json_add_int(item, "size", (int64_t)d->size);
	if (d->platform.architecture != NULL && d->platform.os != NULL) {
		cJSON *platform = json_add_object(item, "platform");

		json_add_string(platform, "architecture", d->platform.architecture);
		json_add_string(platform, "os", d->platform.os);
		json_add_string(platform, "variant", d->platform.variant);
	}
	if (name != NULL) {
		json_add_string(json_add_object(item, "annotations"), ANNOTATION_REF_NAME, name);
		strvec_push(&catalog->changed, name);
	}
	json_push(catalog->manifests, item);
	descriptor_copy(d, &entry->descriptor);
	entry->name = xstrdup_null(name);
	entry->item = item;
}

void catalog_set(struct catalog *catalog, const char *name, const struct descriptor *descriptor)
{
	if (name == NULL && count_digest(catalog, descriptor->digest) > 0)
		return;
	for (size_t i = 0; name != NULL && i < catalog->n; i++) {
		struct catalog_entry *entry = &catalog->v[i];

		if (entry->name == NULL || strcmp(entry->name, name) != 0)
			continue;
		if (strcmp(entry->descriptor.digest, descriptor->digest) == 0)
			return;
		catalog_strip_name(catalog, i);
		break;
	}
	/* An entry without a name has done its duty when one with a name keeps the manifest. */
	for (size_t i = catalog->n; name != NULL && i-- > 0;)
		if (catalog->v[i].name == NULL &&
		    strcmp(catalog->v[i].descriptor.digest, descriptor->digest) == 0)
			catalog_remove(catalog, i);
	add_entry(catalog, name, descriptor);
}

/* The file below cache/KEY/; NULL where the name is too long for one. */
static char *cache_path(const char *key, const char *name)
{
	size_t prefix = strlen("cache/") + strlen(key) + 1;
	char *path;

	if (strlen(name) > NAME_MAX || name[0] == '.')
		return NULL;
	path = xasprintf("cache/%s/%s", key, name);
	for (char *c = path + prefix; *c != '\0'; c++)
		if (*c == '/')
			*c = '%';
	return path;
}

void catalog_forget(const struct catalog *catalog, const char *name)
{
	autofree char *path = cache_path(catalog->key, name);

	if (path != NULL)
		unlinkat(catalog->store->fd, path, 0);
}

static void forget_changed(const struct catalog *catalog)
{
	for (size_t i = 0; i < catalog->changed.n; i++)
		catalog_forget(catalog, catalog->changed.v[i]);
}

/* What is in the cache still holds: take it along to the new index.json, and remove what is of
 * older ones. All of this may fail: then the cache is empty. */
static void move_cache(struct catalog *catalog)
{
	autofree char *from = xasprintf("cache/%s", catalog->key);
	autofree char *to = NULL;
	autodir DIR *dir = NULL;
	struct dirent *entry;
	char key[sizeof(catalog->key)];
	struct stat st;
	int fd;

	if (fstatat(catalog->store->fd, INDEX, &st, 0) < 0)
		return;
	print_key(&st, key, sizeof(key));
	to = xasprintf("cache/%s", key);
	renameat(catalog->store->fd, from, catalog->store->fd, to);
	memcpy(catalog->key, key, sizeof(key));
	fd = openat(catalog->store->fd, "cache", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (dir == NULL) {
		cleanup_close(&fd);
		return;
	}
	while ((entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    strcmp(entry->d_name, key) != 0 && fs_remove_tree(fd, entry->d_name) < 0)
			err_clear();
}

int catalog_commit(struct catalog *catalog)
{
	AUTO(buf) text = BUF_INIT;
	int rc;

	if (catalog->n > MAX_INDEX_ENTRIES)
		return refuse("the store cannot hold more than %d images", MAX_INDEX_ENTRIES);
	json_print(catalog->json, false, &text);
	if (text.len > MAX_MANIFEST)
		return refuse("the store cannot hold more names: %s would have more than %lu bytes",
			      INDEX, MAX_MANIFEST);
	forget_changed(catalog);
	rc = fs_replace_file(catalog->store->fd, INDEX, text.data, text.len, 0600, true);
	if (rc == -EACCES)
		hint("make it writable, or choose another directory with --root");
	if (rc < 0)
		return fail_in(rc, "the store '%s'", catalog->store->path);
	move_cache(catalog);
	return 0;
}

int catalog_recall(const struct store *store, const char *name, char *ret_id, char *ret_digest)
{
	autofree char *path = NULL;
	char text[2 * DIGEST_TEXT_SIZE];
	char key[64];
	struct stat st;
	ssize_t len;

	if (fstatat(store->fd, INDEX, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	print_key(&st, key, sizeof(key));
	path = cache_path(key, name);
	len = path != NULL ? readlinkat(store->fd, path, text, sizeof(text)) : -1;
	if (len != (ssize_t)sizeof(text) - 1 || text[DIGEST_TEXT_LEN] != ' ')
		return 0;
	text[DIGEST_TEXT_LEN] = '\0';
	text[sizeof(text) - 1] = '\0';
	if (!digest_is_valid(text) || !digest_is_valid(text + DIGEST_TEXT_SIZE))
		return 0;
	memcpy(ret_id, text, DIGEST_TEXT_SIZE);
	memcpy(ret_digest, text + DIGEST_TEXT_SIZE, DIGEST_TEXT_SIZE);
	return 1;
}

void catalog_remember(const struct catalog *catalog, const char *name, const char *id,
		      const char *digest)
{
	const struct store *store = catalog->store;
	autofree char *path = cache_path(catalog->key, name);
	autofree char *text = xasprintf("%s %s", id, digest);
	autoclose int lock = -1;
	char key[sizeof(catalog->key)];
	struct stat st;

	if (path == NULL)
		return;
	/* Shared: whoever changes index.json must not rename the directory under our feet. */
	if (catalog->lock < 0) {
		lock = lock_try(store->fd, "lock/index", LOCK_SHARED);
		if (lock < 0) {
			err_clear();
			return;
		}
	}
	if (fstatat(store->fd, INDEX, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	print_key(&st, key, sizeof(key));
	if (strcmp(key, catalog->key) != 0)
		return;
	if (symlinkat(text, store->fd, path) == 0 || errno != ENOENT)
		return;
	*strrchr(path, '/') = '\0';
	if (mkdirat(store->fd, path, 0700) < 0 && errno != EEXIST)
		return;
	path[strlen(path)] = '/';
	(void)!symlinkat(text, store->fd, path);
}
