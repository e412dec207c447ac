/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/volumefill.h"

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
#include "container/scratch.h"
#include "container/volumeuse.h"

#define DATA "data"
#define FILLING "filling"
#define LOCK "lock"
#define DATA_MODE 0755

/* --- looking at it ---------------------------------------------------------------------------- */

/* 1: nothing is in it. */
static int look(void *arg)
{
	const struct volume *volume = arg;
	int fd = openat(volume->dirfd, DATA, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	autodir DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;

	if (dir == NULL) {
		int rc = fail("cannot read the volume '%s'", volume->name);

		if (fd >= 0)
			close(fd);
		return rc;
	}
	while ((entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			return 0;
	return 1;
}

/* It may belong to an id that is only mapped. */
static int is_empty(const struct container *container, struct volume *volume)
{
	int rc = look(volume);

	if (rc != -EACCES || !container->host->rootless)
		return rc;
	err_clear();
	return idmap_run(&container->store.maps, look, volume);
}

/* --- what a killed command left --------------------------------------------------------------- */

static int make_data(const struct volume *volume)
{
	if (mkdirat(volume->dirfd, DATA, DATA_MODE) < 0)
		return fail("cannot make a directory for the volume '%s'", volume->name);
	if (fchmodat(volume->dirfd, DATA, DATA_MODE, 0) < 0)
		return fail("cannot set the mode of the volume '%s'", volume->name);
	return 0;
}

static int start_over(const struct host *host, const struct volume *volume)
{
	TRY(scratch_remove_tree(host, volume->dirfd, DATA));
	return make_data(volume);
}

/* --- filling ---------------------------------------------------------------------------------- */

/* The first mount of the volume that is to be filled; the others find it there. */
static struct spec_mount *choose(struct container *container, const struct volume *volume)
{
	struct spec_mount *chosen = NULL;

	for (size_t i = 0; i < container->spec.mounts.n; i++) {
		struct spec_mount *mount = &container->spec.mounts.v[i];
		autofree char *name = NULL;

		if (!mount->tmpcopyup || strcmp(mount->type, "bind") != 0)
			continue;
		name = volumeuse_at(&container->record, mount->destination);
		if (name == NULL || strcmp(name, volume->name) != 0)
			continue;
		mount->tmpcopyup = chosen == NULL;
		if (chosen == NULL)
			chosen = mount;
	}
	return chosen;
}

/* Nobody has given it an owner yet: the container's root is. */
static int own(const struct container *container, const struct volume *volume)
{
	struct stat st;

	if (fstatat(volume->dirfd, DATA, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail("cannot look at the volume '%s'", volume->name);
	if (st.st_uid != container->host->uid)
		return 0;
	return scratch_give_to_root(container->host, &container->spec.idmaps, volume->path);
}

static int mark(const struct volume *volume)
{
	autoclose int fd = fs_open(volume->dirfd, FILLING, O_WRONLY | O_CREAT, 0600);

	return fd;
}

static int unmark(const struct volume *volume)
{
	if (unlinkat(volume->dirfd, FILLING, 0) < 0 && errno != ENOENT)
		return fail("cannot remove the mark of the volume '%s'", volume->name);
	return 0;
}

/* Who has emptied it since wants it to be empty. */
static bool is_first(const struct container *container)
{
	return container->record.started == 0;
}

static int begin_locked(struct container *container, struct volume *volume,
			struct spec_mount *mount, bool *ret_fill)
{
	int marked = fs_exists(volume->dirfd, FILLING), empty;

	TRY(marked);
	if (marked > 0)
		TRY(start_over(container->host, volume));
	empty = is_empty(container, volume);
	TRY(empty);
	if (empty > 0)
		TRY(own(container, volume));
	*ret_fill = mount != NULL && empty > 0 && (marked > 0 || is_first(container));
	return *ret_fill ? mark(volume) : unmark(volume);
}

/* One that has something in it and no mark is as it should be: no lock is waited for. */
static int is_settled(const struct container *container, struct volume *volume)
{
	int marked = fs_exists(volume->dirfd, FILLING), empty;

	if (marked != 0)
		return marked < 0 ? marked : 0;
	if (!is_first(container))
		return 1;
	empty = is_empty(container, volume);
	return empty < 0 ? empty : empty == 0;
}

static int begin(struct container *container, struct volume *volume)
{
	struct spec_mount *mount = choose(container, volume);
	autoclose int lock = -1;
	bool fill = false;
	int settled = is_settled(container, volume);

	TRY(settled);
	if (settled == 0) {
		lock = lock_take(volume->dirfd, LOCK, LOCK_EXCLUSIVE, volume->name);
		TRY(lock);
		TRY(begin_locked(container, volume, mount, &fill));
	}
	if (mount != NULL)
		mount->tmpcopyup = fill;
	if (fill)
		volume->fill = steal_fd(&lock);
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct volume *)a)->name, ((const struct volume *)b)->name);
}

/* Those of --rm are never anybody else's: the first start fills them. */
static void skip_scratch(struct container *container)
{
	for (size_t i = 0; !is_first(container) && i < container->spec.mounts.n; i++) {
		struct spec_mount *mount = &container->spec.mounts.v[i];
		autofree char *name = volumeuse_at(&container->record, mount->destination);

		if (name == NULL && strcmp(mount->type, "bind") == 0)
			mount->tmpcopyup = false;
	}
}

int volumefill_begin(struct container *container)
{
	skip_scratch(container);
	/* In one order for all: locks are held while others are waited for. */
	if (container->volumes.n > 1)
		qsort(container->volumes.v, container->volumes.n, sizeof(*container->volumes.v),
		      compare_names);
	for (size_t i = 0; i < container->volumes.n; i++)
		TRY(begin(container, &container->volumes.v[i]));
	return 0;
}

/* What was copied is on the disk before anybody takes it for the whole. */
static int end(const struct container *container, struct volume *volume)
{
	int empty = is_empty(container, volume);

	TRY(empty);
	if (empty == 0 && syncfs(volume->dirfd) < 0)
		return fail("cannot write the volume '%s' to the disk", volume->name);
	TRY(unmark(volume));
	close(steal_fd(&volume->fill));
	return 0;
}

int volumefill_end(struct container *container)
{
	for (size_t i = 0; i < container->volumes.n; i++)
		if (container->volumes.v[i].fill >= 0)
			TRY(end(container, &container->volumes.v[i]));
	return 0;
}

int volumefill_settle(const struct host *host, struct volume *volume)
{
	int marked;

	volume->fill = lock_take(volume->dirfd, LOCK, LOCK_EXCLUSIVE, volume->name);
	TRY(volume->fill);
	marked = fs_exists(volume->dirfd, FILLING);
	if (marked <= 0)
		return marked;
	TRY(start_over(host, volume));
	return unmark(volume);
}
