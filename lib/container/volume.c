/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/volume.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"
#include "container/event.h"

#define VOLUMES "volumes"
#define DOCUMENT "volume.json"
#define DATA "data"
#define VERSION 1
#define DATA_MODE 0755

/* Who removes one looks at the records of all containers meanwhile. */
#define CLAIM_POLLS 50
#define CLAIM_PAUSE_NSEC 2000000L

/* --- names ------------------------------------------------------------------------------------ */

int volume_check_name(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) &&
		    (i == 0 || strchr("_.-", name[i]) == NULL)) {
			refuse("'%s' is not a name for a volume: letters, digits, '_', '.', '-', "
			       "and a letter or digit first",
			       name);
			hint("a directory of the host begins with '/' or './'");
			return -EINVAL;
		}
	if (len == 0)
		return refuse("the name of the volume is empty");
	if (len > MAX_VOLUME_NAME)
		return refuse("the name '%.32s...' of the volume is longer than %d characters",
			      name, MAX_VOLUME_NAME);
	return 0;
}

int volume_check_driver(const char *name)
{
	if (strcmp(name, "local") == 0)
		return 0;
	refuse("there is no volume driver '%s'", name);
	hint("the one driver is 'local'");
	return -EINVAL;
}

int volume_make_name(char ret_name[65])
{
	return fs_random_hex(ret_name, 32);
}

/* --- volume.json ------------------------------------------------------------------------------ */

int volume_save(const struct volume *volume)
{
	autojson cJSON *json = json_object();
	AUTO(buf) text = BUF_INIT;

	json_add_int(json, "version", VERSION);
	json_add_bool(json, "anonymous", volume->anonymous);
	json_add_int(json, "created", volume->created);
	json_add_int(json, "createdNanoseconds", volume->created_nsec);
	json_add_strings(json, "labels", &volume->labels);
	json_add_strings(json, "options", &volume->options);
	json_print(json, false, &text);
	buf_add_char(&text, '\n');
	return fs_replace_file(volume->dirfd, DOCUMENT, text.data, text.len, 0600, true);
}

static int parse(const struct buf *text, struct volume *volume)
{
	autojson cJSON *json = NULL;
	int64_t version = 0, nsec = 0;

	TRY(json_parse(text->data, text->len, DOCUMENT, &json));
	TRY(json_get_int(json, "version", 0, INT64_MAX, &version));
	if (version != VERSION)
		return refuse("version %lld of it is not known to this version of berth",
			      (long long)version);
	TRY(json_get_bool(json, "anonymous", &volume->anonymous));
	TRY(json_get_int(json, "created", 0, INT64_MAX, &volume->created));
	TRY(json_get_int(json, "createdNanoseconds", 0, 999999999, &nsec));
	volume->created_nsec = (uint32_t)nsec;
	TRY(json_get_strings(json, "labels", &volume->labels));
	return json_get_strings(json, "options", &volume->options);
}

static int load(struct volume *volume)
{
	AUTO(buf) text = BUF_INIT;
	int rc = fs_read_file(volume->dirfd, DOCUMENT, MAX_STATE_FILE, &text);

	if (rc >= 0)
		rc = parse(&text, volume);
	return fail_in(rc, "volume '%s'", volume->name);
}

/* --- finding ---------------------------------------------------------------------------------- */

static char *data_path(const struct store *store, const char *name)
{
	return xasprintf("%s/" VOLUMES "/%s/" DATA, store->path, name);
}

static int say_missing(const char *name)
{
	refuse_with(ENOENT, "there is no volume '%s'", name);
	hint("'berth volume ls' lists them");
	return -ENOENT;
}

/* Is what we have open still what has the name? Who waits for a lock may get it too late. */
static int is_there(const struct store *store, const struct volume *volume)
{
	autofree char *path = xasprintf(VOLUMES "/%s", volume->name);
	struct stat ours, theirs;

	if (fstat(volume->dirfd, &ours) < 0)
		return fail("cannot look at the volume '%s'", volume->name);
	if (fstatat(store->fd, path, &theirs, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : fail("cannot look at '%s'", path);
	return ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
}

static int lock_shared(const struct store *store, struct volume *volume)
{
	int there;

	while (flock(volume->dirfd, LOCK_SH) < 0)
		if (errno != EINTR)
			return fail("cannot lock the volume '%s'", volume->name);
	there = is_there(store, volume);
	TRY(there);
	return there ? 0 : say_missing(volume->name);
}

static int open_dir(const struct store *store, const char *name, struct volume *volume)
{
	autofree char *path = xasprintf(VOLUMES "/%s", name);

	volume->name = xstrdup(name);
	volume->path = data_path(store, name);
	volume->dirfd = openat(store->fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (volume->dirfd < 0)
		return errno == ENOENT ? say_missing(name) : fail("cannot open '%s'", path);
	return 0;
}

int volume_open(const struct store *store, const char *name, bool lock, struct volume *ret_volume)
{
	AUTO(volume) volume = VOLUME_INIT;

	TRY(volume_check_name(name));
	TRY(open_dir(store, name, &volume));
	if (lock)
		TRY(lock_shared(store, &volume));
	TRY(load(&volume));
	*ret_volume = volume;
	volume = (struct volume)VOLUME_INIT;
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list(const struct store *store, struct strvec *names)
{
	int fd = openat(store->fd, VOLUMES, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autodir DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;

	if (dir == NULL) {
		if (fd >= 0)
			close(fd);
		return errno == ENOENT ? 0 : fail("cannot read '%s/" VOLUMES "'", store->path);
	}
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			strvec_push(names, entry->d_name);
	if (names->n > 0)
		qsort(names->v, names->n, sizeof(*names->v), compare_names);
	return 0;
}

int volume_each(const struct store *store, int (*each)(struct volume *volume, void *arg), void *arg)
{
	AUTO(strvec) names = STRVEC_INIT;

	TRY(list(store, &names));
	for (size_t i = 0; i < names.n; i++) {
		AUTO(volume) volume = VOLUME_INIT;

		/* Just removed; or one that cannot be read, which must not hide the others. */
		if (volume_open(store, names.v[i], false, &volume) < 0) {
			err_clear();
			continue;
		}
		TRY(each(&volume, arg));
	}
	return 0;
}

/* --- making ----------------------------------------------------------------------------------- */

struct giving {
	int fd;
	uid_t uid;
	gid_t gid;
};

static int give(void *arg)
{
	const struct giving *giving = arg;

	if (fchown(giving->fd, giving->uid, giving->gid) == 0)
		return 0;
	fail("cannot give the volume to %d:%d", (int)giving->uid, (int)giving->gid);
	hint("an owner is one of the ids that are mapped into containers");
	return -EINVAL;
}

/* Owners are those that containers see. */
static int make_data(const struct store *store, const struct volume_plan *plan, int dirfd)
{
	struct giving giving = { .uid = (uid_t)plan->uid, .gid = (gid_t)plan->gid };
	autoclose int data = -1;

	if (mkdirat(dirfd, DATA, DATA_MODE) < 0)
		return fail("cannot make a directory for the volume");
	data = fs_open(dirfd, DATA, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	TRY(data);
	if (fchmod(data, DATA_MODE) < 0)
		return fail("cannot set the mode of the volume");
	giving.fd = data;
	if (plan->uid < 0 && plan->gid < 0)
		return 0;
	return store->maps.uid.n == 0 ? give(&giving) : idmap_run(&store->maps, give, &giving);
}

/* Under its name, or -EEXIST. */
static int publish(const struct store *store, const struct store_tmp *tmp, struct volume *volume)
{
	autofree char *from = xasprintf("%s/volume", tmp->name);
	autofree char *to = xasprintf(VOLUMES "/%s", volume->name);
	autoclose int parent = fs_mkdirs_open(store->fd, VOLUMES, 0700);

	TRY(parent);
	if (renameat2(store->fd, from, store->fd, to, RENAME_NOREPLACE) == 0)
		return fs_sync_dir(parent);
	/* So network file systems answer; no rename replaces a directory that has something in it.
	 */
	if (errno == EINVAL && renameat(store->fd, from, store->fd, to) == 0)
		return fs_sync_dir(parent);
	if (errno == EEXIST || errno == ENOTEMPTY)
		return refuse_with(EEXIST, "there is a volume '%s' already", volume->name);
	return fail("cannot rename '%s' to '%s'", from, to);
}

static int create(struct store *store, const struct volume_plan *plan, struct volume *volume)
{
	AUTO(store_tmp) tmp = STORE_TMP_INIT;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	volume->created = now.tv_sec;
	volume->created_nsec = (uint32_t)now.tv_nsec;
	volume->anonymous = plan->anonymous;
	if (plan->labels != NULL)
		strvec_push_all(&volume->labels, plan->labels);
	if (plan->options != NULL)
		strvec_push_all(&volume->options, plan->options);
	TRY(store_tmp_make(store, &tmp));
	volume->dirfd = -1;
	if (mkdirat(tmp.fd, "volume", 0700) < 0)
		return fail("cannot make a directory for the volume");
	volume->dirfd = fs_open(tmp.fd, "volume", O_RDONLY | O_DIRECTORY, 0);
	TRY(volume->dirfd);
	if (flock(volume->dirfd, LOCK_SH) < 0)
		return fail("cannot lock the volume");
	TRY(make_data(store, plan, volume->dirfd));
	TRY(volume_save(volume));
	return publish(store, &tmp, volume);
}

int volume_create(struct store *store, const struct volume_plan *plan, struct volume *ret_volume)
{
	AUTO(volume) volume = VOLUME_INIT;
	char random[65];

	if (plan->name != NULL)
		TRY(volume_check_name(plan->name));
	else
		TRY(volume_make_name(random));
	volume.name = xstrdup(plan->name != NULL ? plan->name : random);
	volume.path = data_path(store, volume.name);
	TRY(create(store, plan, &volume));
	event_add(store->host, "volume", "create", NULL, volume.name, NULL);
	*ret_volume = volume;
	volume = (struct volume)VOLUME_INIT;
	return 0;
}

/* --- removing --------------------------------------------------------------------------------- */

int volume_claim(const struct store *store, struct volume *volume)
{
	const struct timespec pause = { .tv_nsec = CLAIM_PAUSE_NSEC };
	int there;

	for (int i = 0; flock(volume->dirfd, LOCK_EX | LOCK_NB) < 0; i++) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return fail("cannot lock the volume '%s'", volume->name);
		if (i >= CLAIM_POLLS)
			return refuse_with(EBUSY, "the volume '%s' is in use by another command",
					   volume->name);
		nanosleep(&pause, NULL);
	}
	there = is_there(store, volume);
	TRY(there);
	return there ? 0 : say_missing(volume->name);
}

int volume_remove(struct store *store, struct volume *volume)
{
	AUTO(store_tmp) tmp = STORE_TMP_INIT;
	autofree char *from = xasprintf(VOLUMES "/%s", volume->name);
	autofree char *to = NULL;
	autoclose int parent = fs_open(store->fd, VOLUMES, O_RDONLY | O_DIRECTORY, 0);

	TRY(parent);
	TRY(store_tmp_make(store, &tmp));
	to = xasprintf("%s/volume", tmp.name);
	if (renameat(store->fd, from, store->fd, to) < 0)
		return fail("cannot remove the volume '%s'", volume->name);
	event_add(store->host, "volume", "remove", NULL, volume->name, NULL);
	return fs_sync_dir(parent);
}

void volume_release(struct volume *volume)
{
	free(volume->name);
	free(volume->path);
	cleanup_close(&volume->dirfd);
	cleanup_close(&volume->fill);
	strvec_release(&volume->labels);
	strvec_release(&volume->options);
	*volume = (struct volume)VOLUME_INIT;
}
