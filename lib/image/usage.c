/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/usage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"

#define MAX_TRIES 20

void usage_release(struct usage *usage)
{
	free(usage->v);
	*usage = (struct usage){ 0 };
}

/* --- measuring -------------------------------------------------------------------------------- */

struct measuring {
	const struct store *store;
	const struct strvec *paths;
	uint64_t *sizes; /* shared with the child that measures */
};

/* Others make and remove layers meanwhile: what was moved away while it was looked at is looked at
 * again, and what goes just now takes nothing. */
static int measure_path(const struct measuring *m, size_t i)
{
	int rc = -EBUSY;

	for (int tries = 0; rc == -EBUSY && tries < MAX_TRIES; tries++) {
		err_clear();
		rc = fs_disk_usage(m->store->fd, m->paths->v[i], &m->sizes[i]);
	}
	if (rc != -ENOENT)
		return rc;
	err_clear();
	return 0;
}

static int measure_inside(void *arg)
{
	const struct measuring *m = arg;

	for (size_t i = 0; i < m->paths->n; i++)
		TRY(measure_path(m, i));
	return 0;
}

int usage_paths(const struct store *store, const struct strvec *paths, uint64_t *ret_sizes)
{
	const size_t len = paths->n * sizeof(*ret_sizes);
	struct measuring m = { .store = store, .paths = paths };
	int rc;

	if (len == 0)
		return 0;
	m.sizes = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (m.sizes == MAP_FAILED)
		return fail("cannot get memory to share with a child");
	rc = store->maps.uid.n == 0 ? measure_inside(&m)
				    : idmap_run(&store->maps, measure_inside, &m);
	if (rc >= 0)
		memcpy(ret_sizes, m.sizes, len);
	munmap(m.sizes, len);
	return rc;
}

/* --- the whole store -------------------------------------------------------------------------- */

static const char *const container_paths[] = { "containers", "container-names", "scratch" };

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

static int list_below(const struct store *store, const char *path, struct strvec *paths)
{
	AUTO(strvec) names = STRVEC_INIT;

	TRY(list_entries(store, path, &names));
	for (size_t i = 0; i < names.n; i++)
		strvec_pushf(paths, "%s/%s", path, names.v[i]);
	return 0;
}

/* Everything once: objects one by one, the rest as whole trees. */
static int list_paths(const struct store *store, struct strvec *paths)
{
	AUTO(strvec) top = STRVEC_INIT;

	TRY(list_entries(store, ".", &top));
	for (size_t i = 0; i < top.n; i++)
		if (strcmp(top.v[i], "layers") != 0 && strcmp(top.v[i], "blobs") != 0)
			strvec_push(paths, top.v[i]);
	TRY(list_below(store, "layers", paths));
	return list_below(store, "blobs/sha256", paths);
}

static bool is_object(const char *path, struct usage_object *object)
{
	const char *name = strrchr(path, '/');
	autofree char *digest = xasprintf("sha256:%s", name != NULL ? name + 1 : path);

	object->layer = strncmp(path, "layers/", 7) == 0;
	if (name == NULL || !digest_is_valid(digest) ||
	    (!object->layer && strncmp(path, "blobs/", 6) != 0))
		return false;
	memcpy(object->hex, digest_hex(digest), sizeof(object->hex));
	return true;
}

static void add_size(struct usage *usage, const char *path, uint64_t bytes)
{
	struct usage_object object = { .bytes = bytes };

	if (is_object(path, &object))
		*VEC_PUSH(usage) = object;
	for (size_t i = 0; i < ARRAY_SIZE(container_paths); i++)
		if (strcmp(path, container_paths[i]) == 0) {
			usage->containers += bytes;
			return;
		}
	if (strcmp(path, "volumes") == 0)
		usage->volumes += bytes;
	else
		usage->images += bytes;
}

static int compare_objects(const void *a, const void *b)
{
	const struct usage_object *left = a, *right = b;

	return left->layer != right->layer ? (int)left->layer - (int)right->layer
					   : strcmp(left->hex, right->hex);
}

int usage_measure(const struct store *store, struct usage *ret_usage)
{
	static const char *const directories[] = { ".", "layers", "blobs", "blobs/sha256" };
	AUTO(strvec) paths = STRVEC_INIT;
	autofree uint64_t *sizes = NULL;
	AUTO(usage) usage = { 0 };
	struct stat st;

	TRY(list_paths(store, &paths));
	sizes = xcalloc(paths.n + 1, sizeof(*sizes));
	TRY(usage_paths(store, &paths, sizes));
	for (size_t i = 0; i < paths.n; i++)
		add_size(&usage, paths.v[i], sizes[i]);
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		if (fstatat(store->fd, directories[i], &st, AT_SYMLINK_NOFOLLOW) == 0)
			usage.images += (uint64_t)st.st_blocks * 512;
	if (usage.n > 0)
		qsort(usage.v, usage.n, sizeof(*usage.v), compare_objects);
	*ret_usage = usage;
	usage = (struct usage){ 0 };
	return 0;
}

uint64_t usage_find(const struct usage *usage, bool layer, const char *hex)
{
	struct usage_object key = { .layer = layer };
	const struct usage_object *found;

	if (usage->n == 0 || strlen(hex) != DIGEST_HEX_LEN)
		return 0;
	memcpy(key.hex, hex, sizeof(key.hex));
	found = bsearch(&key, usage->v, usage->n, sizeof(key), compare_objects);
	return found != NULL ? found->bytes : 0;
}

uint64_t usage_gone(const struct store *store, const struct usage *usage)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < usage->n; i++) {
		const struct usage_object *object = &usage->v[i];
		autofree char *path =
			xasprintf("%s/%s", object->layer ? "layers" : "blobs/sha256", object->hex);

		bytes += fs_exists(store->fd, path) == 0 ? object->bytes : 0;
	}
	return bytes;
}
