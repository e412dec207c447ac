/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/garbage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/lock.h"
#include "image/layer.h"
#include "image/reach.h"

struct sweep {
	struct store *store;
	struct reach reach; /* what is in use */
};

static void sweep_release(struct sweep *sweep)
{
	reach_release(&sweep->reach);
}

static int sweep_dir(struct sweep *sweep, const char *path,
		     int (*each)(struct sweep *sweep, int dirfd, const char *name))
{
	int fd = fs_open(sweep->store->fd, path, O_RDONLY | O_DIRECTORY, 0);
	autodir DIR *dir = NULL;
	struct dirent *entry;

	TRY(fd);
	dir = fdopendir(fd);
	if (dir == NULL) {
		close(fd);
		return fail("cannot read '%s/%s'", sweep->store->path, path);
	}
	while ((entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			TRY(each(sweep, fd, entry->d_name));
	return 0;
}

static int drop_file(int dirfd, const char *name)
{
	if (unlinkat(dirfd, name, 0) < 0 && errno != ENOENT)
		return fail("cannot remove '%s'", name);
	return 0;
}

static int sweep_blob(struct sweep *sweep, int dirfd, const char *name)
{
	return reach_has_blob(&sweep->reach, name) ? 0 : drop_file(dirfd, name);
}

/* layers/HEX, and layers/HEX.size beside it. */
static int sweep_layer(struct sweep *sweep, int dirfd, const char *name)
{
	autofree char *digest = xasprintf("sha256:%.64s", name);

	if (reach_has_layer(&sweep->reach, digest_hex(digest)))
		return 0;
	if (digest_is_valid(digest) && strlen(name) == DIGEST_HEX_LEN)
		return layer_remove(sweep->store, digest);
	return digest_is_valid(digest) ? drop_file(dirfd, name) : 0;
}

/* Plans that were not finished. */
static int sweep_plan(struct sweep *sweep, int dirfd, const char *name)
{
	return name[0] == '.' ? drop_file(dirfd, name) : 0;
}

/* The locks of blobs and layers: nobody can hold or want one while the store is ours. */
static int sweep_lock(struct sweep *sweep, int dirfd, const char *name)
{
	static const char layer[] = "layer-", blob[] = "blob-";
	const size_t len = sizeof(layer) - 1;

	if (strncmp(name, blob, sizeof(blob) - 1) == 0)
		return drop_file(dirfd, name);
	return strncmp(name, layer, len) != 0 || reach_has_layer(&sweep->reach, name + len)
		       ? 0
		       : drop_file(dirfd, name);
}

/*
 * Take the note down before it is looked what is in use: who makes one from now on makes a new one,
 * which stays. Nobody is between a note and the removal that it is for while index.json is locked.
 */
static int take_mark(const struct store *store)
{
	autoclose int lock =
		lock_take(store->fd, "lock/index", LOCK_EXCLUSIVE, "the store's index");

	TRY(lock);
	if (renameat(store->fd, STORE_GARBAGE, store->fd, STORE_SWEEPING) == 0 || errno == ENOENT)
		return 0;
	return fail("cannot rename '%s/" STORE_GARBAGE "'", store->path);
}

int garbage_collect(struct store *store)
{
	AUTO(sweep) sweep = { .store = store, .reach = { .store = store } };
	autoclose int lock = lock_try(store->fd, "lock/objects", LOCK_EXCLUSIVE);

	if (lock == -EWOULDBLOCK)
		return 0;
	TRY(lock);
	TRY(take_mark(store));
	TRY(reach_all(&sweep.reach));
	TRY(sweep_dir(&sweep, "blobs/sha256", sweep_blob));
	TRY(sweep_dir(&sweep, "layers", sweep_layer));
	TRY(sweep_dir(&sweep, "images", sweep_plan));
	TRY(sweep_dir(&sweep, "lock", sweep_lock));
	TRY(drop_file(store->fd, STORE_SWEEPING));
	return 1;
}
