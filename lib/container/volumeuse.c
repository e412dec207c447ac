/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/volumeuse.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "container/end.h"

#define NOTES "volumes"
#define NOTE_LEN 64 /* hexadecimal digits */
#define SHOWN 5     /* containers in a message */

/* --- who has what ----------------------------------------------------------------------------- */

void volumeuse_names(const struct record *record, struct strvec *ret_names)
{
	for (size_t i = 0; i < record->volumes.n; i++) {
		const char *entry = record->volumes.v[i];
		autofree char *name = xstrndup(entry, strcspn(entry, ":"));

		if (!strvec_has(ret_names, name))
			strvec_push(ret_names, name);
	}
}

char *volumeuse_at(const struct record *record, const char *destination)
{
	for (size_t i = 0; i < record->volumes.n; i++) {
		const char *entry = record->volumes.v[i];
		size_t len = strcspn(entry, ":");

		if (entry[len] == ':' && strcmp(entry + len + 1, destination) == 0)
			return xstrndup(entry, len);
	}
	return NULL;
}

static int add_uses(struct record *record, void *arg)
{
	struct volume_uses *uses = arg;
	AUTO(strvec) names = STRVEC_INIT;

	volumeuse_names(record, &names);
	for (size_t i = 0; i < names.n; i++) {
		struct volume_use *use = VEC_PUSH(uses);

		use->volume = xstrdup(names.v[i]);
		use->id = xstrdup(record->id);
		use->name = xstrdup(record->name != NULL ? record->name : record->id);
		use->running = record->status == RECORD_RUNNING;
	}
	return 0;
}

int volumeuse_list(const struct host *host, struct volume_uses *ret_uses)
{
	return record_each(host, add_uses, ret_uses);
}

size_t volumeuse_count(const struct volume_uses *uses, const char *volume)
{
	size_t n = 0;

	for (size_t i = 0; i < uses->n; i++)
		n += strcmp(uses->v[i].volume, volume) == 0 ? 1 : 0;
	return n;
}

void volume_uses_release(struct volume_uses *uses)
{
	for (size_t i = 0; i < uses->n; i++) {
		free(uses->v[i].volume);
		free(uses->v[i].id);
		free(uses->v[i].name);
	}
	free(uses->v);
	*uses = (struct volume_uses){ 0 };
}

/* --- removing --------------------------------------------------------------------------------- */

static int refuse_users(const struct volume_uses *uses, const char *volume)
{
	size_t n = volumeuse_count(uses, volume), shown = 0;
	AUTO(buf) list = BUF_INIT;

	for (size_t i = 0; i < uses->n && shown < SHOWN; i++)
		if (strcmp(uses->v[i].volume, volume) == 0)
			buf_addf(&list, "%s'%s'", shown++ > 0 ? ", " : "", uses->v[i].name);
	if (n > SHOWN)
		buf_addf(&list, " and %zu more", n - SHOWN);
	refuse_with(EBUSY, "the volume '%s' is in use by the container%s %s", volume,
		    n > 1 ? "s" : "", list.data);
	hint("remove what uses it first (berth rm), or both with --force");
	return -EBUSY;
}

static int remove_user(const struct host *host, const struct volume_use *use, int64_t seconds)
{
	AUTO(record) record = RECORD_INIT;
	int rc = record_find(host, use->id, &record);

	if (rc >= 0 && seconds > 0 && record.status == RECORD_RUNNING)
		rc = end_stop(&record, seconds);
	if (rc >= 0)
		rc = record_remove(host, &record, true);
	if (rc != -ENOENT)
		return rc;
	err_clear();
	return 0;
}

static int remove_users(const struct store *store, const char *volume, int64_t seconds)
{
	AUTO(volume_uses) uses = { 0 };

	TRY(volumeuse_list(store->host, &uses));
	for (size_t i = 0; i < uses.n; i++)
		if (strcmp(uses.v[i].volume, volume) == 0)
			TRY(remove_user(store->host, &uses.v[i], seconds));
	return 0;
}

/* Whoever makes a container with it has it locked until the record says so: looked at under the
 * exclusive lock, the records tell the truth. */
static int remove_unused(struct store *store, struct volume *volume, const char *except)
{
	int rc = volume_claim(store, volume);
	AUTO(volume_uses) uses = { 0 };

	if (rc < 0 && rc != -EBUSY)
		return rc;
	TRY(volumeuse_list(store->host, &uses));
	for (size_t i = 0; i < uses.n; i++)
		if (strcmp(uses.v[i].volume, volume->name) == 0 &&
		    (except == NULL || strcmp(uses.v[i].id, except) != 0))
			return refuse_users(&uses, volume->name);
	return rc < 0 ? rc : volume_remove(store, volume);
}

int volumeuse_remove(struct store *store, const char *name, const struct volumeuse_removal *removal)
{
	AUTO(volume) volume = VOLUME_INIT;

	TRY(volume_open(store, name, false, &volume));
	if (removal->force)
		TRY(remove_users(store, name, removal->seconds));
	return remove_unused(store, &volume, NULL);
}

/* --- anonymous ones --------------------------------------------------------------------------- */

int volumeuse_note(const struct record *record, const char *name)
{
	autofree char *path = xasprintf(NOTES "/%s", name);
	autoclose int fd = -1;

	TRY(fs_mkdirs(record->dirfd, NOTES, 0700));
	fd = fs_open(record->dirfd, path, O_WRONLY | O_CREAT, 0600);
	return fd;
}

bool volumeuse_is_own(const struct record *record, const char *name)
{
	autofree char *path = xasprintf(NOTES "/%s", name);

	return strlen(name) == NOTE_LEN && fs_exists(record->dirfd, path) > 0;
}

/* Beside the notes are directories for overlays. */
static int read_notes(const struct record *record, struct strvec *names)
{
	int fd = openat(record->dirfd, NOTES, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	autodir DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;

	if (dir == NULL) {
		if (fd >= 0)
			close(fd);
		return errno == ENOENT ? 0 : fail("cannot read '%s/" NOTES "'", record->dir);
	}
	while ((entry = readdir(dir)) != NULL)
		if (strlen(entry->d_name) == NOTE_LEN &&
		    strspn(entry->d_name, "0123456789abcdef") == NOTE_LEN)
			strvec_push(names, entry->d_name);
	return 0;
}

int volumeuse_drop(const struct host *host, const struct record *record)
{
	AUTO(strvec) names = STRVEC_INIT;
	AUTO(store) store = STORE_INIT;

	TRY(read_notes(record, &names));
	if (names.n == 0)
		return 0;
	TRY(store_open(host, &store));
	for (size_t i = 0; i < names.n; i++) {
		AUTO(volume) volume = VOLUME_INIT;
		int rc = volume_open(&store, names.v[i], false, &volume);

		if (rc >= 0)
			rc = remove_unused(&store, &volume, record->id);
		/* It was never made, or removed by name; or somebody else has it. */
		if (rc == -ENOENT || rc == -EBUSY)
			err_clear();
		else
			TRY(rc);
	}
	return 0;
}

int volumeuse_forget(const struct record *record)
{
	AUTO(strvec) names = STRVEC_INIT;

	TRY(read_notes(record, &names));
	for (size_t i = 0; i < names.n; i++) {
		autofree char *path = xasprintf(NOTES "/%s", names.v[i]);

		if (unlinkat(record->dirfd, path, 0) < 0 && errno != ENOENT)
			return fail("cannot remove '%s/%s'", record->dir, path);
	}
	return 0;
}
