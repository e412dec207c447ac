/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/checkobjects.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/lock.h"
#include "base/path.h"
#include "image/garbage.h"
#include "image/layer.h"
#include "image/merge.h"
#include "image/reach.h"

#define READ_SIZE (256UL << 10)

static int list_entries(const struct store *store, const char *path, struct strvec *names)
{
	int fd = fs_open(store->fd, path, O_RDONLY | O_DIRECTORY, 0);
	autodir DIR *dir = NULL;
	struct dirent *entry;

	TRY(fd);
	dir = fdopendir(fd);
	if (dir == NULL) {
		close(fd);
		return fail("cannot read '%s/%s'", store->path, path);
	}
	while ((entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			strvec_push(names, entry->d_name);
	return 0;
}

static bool is_hex(const char *name)
{
	autofree char *digest = xasprintf("sha256:%s", name);

	return digest_is_valid(digest);
}

/* --- blobs ------------------------------------------------------------------------------------ */

/* 0: it ends; negative: it cannot be read, which is recorded. */
static int hash_file(int fd, const char *name, char *ret_digest)
{
	autofree unsigned char *bytes = xalloc(READ_SIZE);
	AUTO(digest) digest = { 0 };
	ssize_t n;

	TRY(digest_init(&digest));
	while ((n = read(fd, bytes, READ_SIZE)) != 0) {
		if (n < 0 && errno != EINTR)
			return fail("cannot read the blob '%s'", name);
		if (n > 0)
			digest_update(&digest, bytes, (size_t)n);
	}
	digest_final(&digest, ret_digest);
	return 0;
}

static int report_blob(struct store *store, const struct check *check, const char *name,
		       const char *why)
{
	autofree char *what = xasprintf("blob %s: %s", name, why);
	autofree char *path = xasprintf("blobs/sha256/%s", name);
	const char *done = NULL;

	if (check->repair && unlinkat(store->fd, path, 0) == 0)
		done = "it was removed";
	return check->found(check->arg, what, done);
}

static int check_blob(struct store *store, const struct check *check, const char *name)
{
	autofree char *path = xasprintf("blobs/sha256/%s", name);
	autoclose int fd = openat(store->fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char digest[DIGEST_TEXT_SIZE];

	if (!is_hex(name))
		return report_blob(store, check, name, "that is no digest");
	/* What was removed just now is no loss. */
	if (fd < 0)
		return errno == ENOENT ? 0 : fail("cannot open '%s/%s'", store->path, path);
	if (hash_file(fd, name, digest) < 0) {
		autofree char *why = xstrdup(err_text());

		err_clear();
		return report_blob(store, check, name, why);
	}
	return strcmp(digest_hex(digest), name) == 0
		       ? 0
		       : report_blob(store, check, name, "its digest is another one");
}

int check_blobs(struct store *store, const struct check *check)
{
	AUTO(strvec) names = STRVEC_INIT;

	TRY(list_entries(store, "blobs/sha256", &names));
	for (size_t i = 0; i < names.n; i++)
		TRY(check_blob(store, check, names.v[i]));
	return 0;
}

/* --- layers ----------------------------------------------------------------------------------- */

struct reading {
	struct strvec layer; /* the one directory */
	unsigned char *bytes;
};

static int read_entry(const struct merge_entry *entry, void *arg)
{
	const struct reading *reading = arg;
	autoclose int fd = -1;
	ssize_t n;

	if (!S_ISREG(entry->st.st_mode))
		return 0;
	fd = path_reopen(entry->fd, O_RDONLY);
	TRY(fd);
	while ((n = read(fd, reading->bytes, READ_SIZE)) != 0)
		if (n < 0 && errno != EINTR)
			return fail("cannot read '%s'", entry->path);
	return 0;
}

static int read_inside(void *arg)
{
	struct reading *reading = arg;

	return merge_walk(&reading->layer, read_entry, reading);
}

static int read_layer(const struct store *store, const char *hex)
{
	autofree unsigned char *bytes = xalloc(READ_SIZE);
	struct reading reading = { .bytes = bytes };
	int rc;

	strvec_pushf(&reading.layer, "%s/layers/%s", store->path, hex);
	rc = store->maps.uid.n == 0 ? read_inside(&reading)
				    : idmap_run(&store->maps, read_inside, &reading);
	strvec_release(&reading.layer);
	return rc;
}

static int check_layer(struct store *store, const struct check *check, const char *hex)
{
	autofree char *digest = xasprintf("sha256:%s", hex);
	autofree char *what = NULL;
	int there;

	if (read_layer(store, hex) >= 0)
		return 0;
	what = xasprintf("layer %s: %s", hex, err_text());
	err_clear();
	/* Removed meanwhile. */
	there = layer_exists(store, digest);
	if (there <= 0)
		return there;
	return check->found(check->arg, what, NULL);
}

int check_layers(struct store *store, const struct check *check)
{
	AUTO(strvec) names = STRVEC_INIT;

	TRY(list_entries(store, "layers", &names));
	for (size_t i = 0; i < names.n; i++)
		if (is_hex(names.v[i]))
			TRY(check_layer(store, check, names.v[i]));
	return 0;
}

/* --- what nothing leads to -------------------------------------------------------------------- */

static int find_unreached(struct store *store, struct strvec *whats)
{
	AUTO(reach) reach = { .store = store };
	AUTO(strvec) blobs = STRVEC_INIT, layers = STRVEC_INIT;

	TRY(reach_all(&reach));
	TRY(list_entries(store, "blobs/sha256", &blobs));
	TRY(list_entries(store, "layers", &layers));
	for (size_t i = 0; i < blobs.n; i++)
		if (!reach_has_blob(&reach, blobs.v[i]))
			strvec_pushf(whats, "blob %s: nothing leads to it", blobs.v[i]);
	for (size_t i = 0; i < layers.n; i++)
		if (is_hex(layers.v[i]) && !reach_has_layer(&reach, layers.v[i]))
			strvec_pushf(whats, "layer %s: nothing leads to it", layers.v[i]);
	return 0;
}

int check_unreached(struct store *store, const struct check *check)
{
	AUTO(strvec) whats = STRVEC_INIT;
	const char *done = NULL;

	{
		autoclose int lock = lock_try(store->fd, "lock/objects", LOCK_EXCLUSIVE);

		if (lock == -EWOULDBLOCK)
			return 0;
		if (lock == -EROFS)
			err_clear();
		else
			TRY(lock);
		/* Where a document cannot be read, which was reported, nothing is known. */
		if (find_unreached(store, &whats) < 0) {
			err_clear();
			return 0;
		}
	}
	if (check->repair && whats.n > 0 && garbage_collect(store) == 1)
		done = "it was removed";
	for (size_t i = 0; i < whats.n; i++)
		TRY(check->found(check->arg, whats.v[i], done));
	return 0;
}
