/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/lock.h"
#include "image/fetch.h"
#include "image/garbage.h"
#include "image/layer.h"

/* What was fetched in part is kept for so long, in case somebody goes on. */
#define PARTIAL_SECONDS INT64_C(86400)

static const char *const directories[] = {
	"blobs/sha256", "layers", "images", "cache", "tmp", "lock",
};

static const char empty_index[] =
	"{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\","
	"\"manifests\":[]}";
static const char oci_layout[] = "{\"imageLayoutVersion\":\"1.0.0\"}";

/* Make what a store consists of. Two processes may do so at once; index.json is written last and
 * under the lock, so that it never replaces one with names. */
static int make_store(const struct store *store)
{
	autoclose int lock = -1;
	int there;

	if (fchmod(store->fd, 0700) < 0)
		return fail("cannot set the mode of '%s'", store->path);
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		TRY(fs_mkdirs(store->fd, directories[i], 0700));
	lock = lock_take(store->fd, "lock/index", LOCK_EXCLUSIVE, store->path);
	TRY(lock);
	TRY(fs_replace_file(store->fd, "oci-layout", oci_layout, strlen(oci_layout), 0600, false));
	there = fs_exists(store->fd, "index.json");
	if (there != 0)
		return there;
	return fs_replace_file(store->fd, "index.json", empty_index, strlen(empty_index), 0600,
			       true);
}

static int check_owner(const struct store *store)
{
	struct stat st;

	if (fstat(store->fd, &st) < 0)
		return fail("cannot look at the store '%s'", store->path);
	if (st.st_uid != store->host->uid) {
		refuse_with(EPERM, "the store '%s' belongs to user %u, not to you (user %u)",
			    store->path, st.st_uid, store->host->uid);
		hint("choose another directory with --root");
		return -EPERM;
	}
	if ((st.st_mode & 0022) != 0) {
		refuse_with(EPERM, "others may write to the store '%s'", store->path);
		hint("chmod 700 '%s'", store->path);
		return -EPERM;
	}
	return 0;
}

static int open_store(struct store *store)
{
	int there;

	store->fd = open(store->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store->fd < 0 && errno == ENOENT)
		store->fd = fs_mkdirs_open(AT_FDCWD, store->path, 0700);
	else if (store->fd < 0)
		store->fd = fail("cannot open the store '%s'", store->path);
	if (store->fd < 0)
		hint("choose another directory with --root");
	TRY(store->fd);
	TRY(check_owner(store));
	there = fs_exists(store->fd, "index.json");
	TRY(there);
	if (there == 0) {
		int rc = make_store(store);

		if (rc < 0)
			return fail_in(rc, "cannot make a store in '%s'", store->path);
	}
	store->tier = idmap_tier(store->host);
	return idmap_for_store(store->host, store->tier, &store->maps);
}

int store_open(const struct host *host, struct store *ret_store)
{
	struct store store = STORE_INIT;
	int rc;

	store.host = host;
	store.path = xstrdup(host->root);
	rc = open_store(&store);
	if (rc < 0)
		store_release(&store);
	else
		*ret_store = store;
	return rc;
}

void store_release(struct store *store)
{
	if (store->fd >= 0)
		close(store->fd);
	free(store->path);
	idmaps_release(&store->maps);
	*store = (struct store)STORE_INIT;
}

static int make_tmp(struct store_tmp *tmp)
{
	/* Shared: a sweeper, which takes it exclusively, must not meet the directory before its
	 * lock is held. */
	autoclose int making = lock_take(tmp->store->fd, "lock/tmp", LOCK_SHARED, NULL);
	char random[33];

	TRY(making);
	TRY(fs_random_hex(random, 16));
	tmp->name = xasprintf("tmp/%s", random);
	if (mkdirat(tmp->store->fd, tmp->name, 0700) < 0) {
		free(steal(tmp->name));
		return fail("cannot make a directory in '%s/tmp'", tmp->store->path);
	}
	tmp->fd = fs_open(tmp->store->fd, tmp->name, O_RDONLY | O_DIRECTORY, 0);
	TRY(tmp->fd);
	tmp->lock = lock_take(tmp->fd, "lock", LOCK_EXCLUSIVE, NULL);
	return tmp->lock;
}

int store_tmp_make(struct store *store, struct store_tmp *ret_tmp)
{
	struct store_tmp tmp = STORE_TMP_INIT;
	int rc;

	tmp.store = store;
	rc = make_tmp(&tmp);
	if (rc < 0) {
		store_tmp_release(&tmp);
		return rc;
	}
	*ret_tmp = tmp;
	return 0;
}

/* Remove a tree below tmp/ without a word, and keep the error that led here: what stays is met by
 * the next sweep. */
static void discard(struct store *store, const char *name)
{
	AUTO(err_kept) kept = err_keep();

	/* Files of other owners need the maps of the store, and a process of their own. */
	if (fs_remove_tree(store->fd, name) < 0)
		layer_discard(store, name);
	err_restore(&kept);
}

void store_tmp_release(struct store_tmp *tmp)
{
	if (tmp->name != NULL)
		discard(tmp->store, tmp->name);
	if (tmp->fd >= 0)
		close(tmp->fd);
	if (tmp->lock >= 0)
		close(tmp->lock);
	free(tmp->name);
	*tmp = (struct store_tmp)STORE_TMP_INIT;
}

int store_hold(const struct store *store)
{
	return lock_take(store->fd, "lock/objects", LOCK_SHARED, "the store, which is being swept");
}

int store_mark_garbage(const struct store *store)
{
	autoclose int fd = fs_open(store->fd, STORE_GARBAGE, O_WRONLY | O_CREAT, 0600);

	TRY(fd);
	return fs_sync_dir(fd);
}

struct dead {
	struct strvec names;
	struct {
		int *v;
		size_t n;
	} locks;
};

static void dead_release(struct dead *dead)
{
	for (size_t i = 0; i < dead->locks.n; i++)
		close(dead->locks.v[i]);
	free(dead->locks.v);
	strvec_release(&dead->names);
}

/* Take the directory over if whoever made it is gone; 1 where he lives. */
static int take_dead(const struct store *store, const char *entry, struct dead *dead)
{
	autofree char *name = xasprintf("tmp/%s", entry);
	autofree char *lock = xasprintf("%s/lock", name);
	int fd;

	if (strcmp(name, STORE_GARBAGE) == 0 || strcmp(name, STORE_SWEEPING) == 0)
		return 0;
	fd = lock_try(store->fd, lock, LOCK_EXCLUSIVE);
	if (fd == -EWOULDBLOCK)
		return 1;
	if (fd >= 0)
		*VEC_PUSH(&dead->locks) = fd;
	strvec_push_owned(&dead->names, steal(name));
	return 0;
}

/* Returns how many directories belong to the living. */
static int find_dead(const struct store *store, struct dead *dead)
{
	autoclose int making = lock_try(store->fd, "lock/tmp", LOCK_EXCLUSIVE);
	autodir DIR *dir = NULL;
	struct dirent *entry;
	int fd, living = 0;

	if (making == -EWOULDBLOCK)
		return 1;
	TRY(making);
	fd = fs_open(store->fd, "tmp", O_RDONLY | O_DIRECTORY, 0);
	TRY(fd);
	dir = fdopendir(fd);
	if (dir == NULL) {
		close(fd);
		return fail("cannot read '%s/tmp'", store->path);
	}
	while ((entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			living += take_dead(store, entry->d_name, dead);
	return living;
}

int store_sweep_tmp(struct store *store)
{
	AUTO(dead) dead = { 0 };
	int living = find_dead(store, &dead);

	TRY(living);
	/* Who died there may have added objects that nothing refers to. Noted before the evidence
	 * goes. */
	if (dead.names.n > 0)
		TRY(store_mark_garbage(store));
	for (size_t i = 0; i < dead.names.n; i++)
		discard(store, dead.names.v[i]);
	return living;
}

/* 1: there is a note that something may be left. */
static int is_marked(const struct store *store)
{
	int marked = fs_exists(store->fd, STORE_GARBAGE);

	return marked != 0 ? marked : fs_exists(store->fd, STORE_SWEEPING);
}

int store_sweep(struct store *store)
{
	int rc = store_sweep_tmp(store);

	/* Where nothing can be written nobody has left anything. */
	if (rc == -EROFS) {
		err_clear();
		return 0;
	}
	TRY(rc);
	TRY(fetch_sweep(store, PARTIAL_SECONDS));
	rc = is_marked(store);
	if (rc > 0)
		rc = garbage_collect(store);
	return rc < 0 ? rc : 0;
}

char *store_layer_path(const struct store *store, const char *diff_id)
{
	return xasprintf("%s/layers/%s", store->path, digest_hex(diff_id));
}
