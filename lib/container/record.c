/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/record.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/proc.h"
#include "container/claim.h"
#include "container/end.h"
#include "container/event.h"
#include "container/names.h"
#include "container/scratch.h"
#include "container/state.h"

#define ID_BYTES 32
#define ID_LEN (2 * ID_BYTES)
/* Containers that record_sweep() looks at. */
#define SWEEP_MAX 16
/* A name that is made up is tried so often; one that is to be replaced as well. */
#define NAME_ATTEMPTS 16
#define NAME_PAUSE_NSEC 8000000L

static char *containers_path(const struct host *host, bool ephemeral)
{
	return xasprintf("%s/containers", ephemeral ? host->runroot : host->root);
}

/* Lock the directory: 0, -EWOULDBLOCK, or -ENOENT where it is removed already. */
static int try_lock(struct record *record)
{
	struct stat st;

	if (flock(record->dirfd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EWOULDBLOCK : fail("cannot lock '%s'", record->dir);
	record->locked = true;
	if (fstat(record->dirfd, &st) < 0)
		return fail("cannot read '%s'", record->dir);
	return st.st_nlink == 0 ? -ENOENT : 0;
}

/* A directory that a sweeper locks, or removes, between our two calls is not used: the next ID. */
static int make_directory(const struct host *host, struct record *record)
{
	autofree char *parent = containers_path(host, record->ephemeral);
	int rc = -EWOULDBLOCK;

	while (rc == -EWOULDBLOCK || rc == -ENOENT) {
		TRY(fs_random_hex(record->id, ID_BYTES));
		free(record->dir);
		record->dir = xasprintf("%s/%s", parent, record->id);
		if (mkdir(record->dir, 0700) < 0) {
			if (errno != ENOENT && errno != EEXIST)
				return fail("cannot make '%s'", record->dir);
			TRY(fs_mkdirs(AT_FDCWD, parent, 0700));
			continue;
		}
		cleanup_close(&record->dirfd);
		record->dirfd = open(record->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (record->dirfd < 0 && errno != ENOENT)
			return fail("cannot make '%s'", record->dir);
		rc = record->dirfd < 0 ? -ENOENT : try_lock(record);
	}
	return rc;
}

static int say_taken(const struct record *record, const char *holder)
{
	refuse_with(EEXIST, "the name '%s' is taken by the container %.12s", record->name, holder);
	hint("remove that one with 'berth rm %s', or give --replace", record->name);
	return -EEXIST;
}

static int replace_holder(const struct host *host, const char *name)
{
	AUTO(record) holder = RECORD_INIT;
	int rc = record_find(host, name, &holder);

	if (rc == -ENOENT)
		return 0;
	TRY(rc);
	TRY(fail_in(record_remove(host, &holder, true), "--replace"));
	event_removed(host, &holder);
	return 0;
}

/* A container of --rm that was killed still has its name: it is in nobody's way. One that was
 * killed just now, or before it said anything of itself, may keep its lock for a moment longer. */
static bool is_dead(const struct host *host, const char *name)
{
	AUTO(record) holder = RECORD_INIT;
	int rc = record_find(host, name, &holder);

	err_clear();
	return rc == -ENOENT || (rc >= 0 && holder.ephemeral && holder.pid > 0 &&
				 !proc_is_alive(holder.pid, holder.pid_start));
}

static int take_name(const struct host *host, const char *name, bool replace, struct record *record)
{
	const struct timespec pause = { .tv_nsec = NAME_PAUSE_NSEC };
	char holder[ID_LEN + 1] = "";
	int rc = -EEXIST;

	for (unsigned int i = 0; i < NAME_ATTEMPTS && rc == -EEXIST; i++) {
		free(record->name);
		record->name = name != NULL ? xstrdup(name) : name_random(i);
		rc = claim_take(host, record, holder);
		if (rc != -EEXIST || name == NULL)
			continue;
		if (replace)
			TRY(replace_holder(host, name));
		else if (!is_dead(host, name))
			break;
		else if (i > 0)
			nanosleep(&pause, NULL);
	}
	return rc == -EEXIST ? say_taken(record, holder) : rc;
}

int record_create(const struct host *host, const char *name, bool replace, bool ephemeral,
		  struct record *ret_record)
{
	AUTO(record) record = RECORD_INIT;
	struct timespec now;
	int rc;

	record.ephemeral = ephemeral;
	TRY(make_directory(host, &record));
	rc = take_name(host, name, replace, &record);
	if (rc < 0) {
		rmdir(record.dir);
		return rc;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	record.created = now.tv_sec;
	record.created_nsec = (uint32_t)now.tv_nsec;
	*ret_record = record;
	record = (struct record)RECORD_INIT;
	return 0;
}

/* A full disk has no room for a second one, but how a container ended must be known: the first one
 * keeps its place, and one write fills it, to its end. */
static int overwrite_state(const struct record *record, struct buf *text)
{
	autoclose int fd = fs_open(record->dirfd, "state.json", O_WRONLY, 0);
	struct stat st;

	TRY(fd);
	if (fstat(fd, &st) < 0)
		return fail("cannot read 'state.json'");
	while (text->len < (size_t)st.st_size)
		buf_add_str(text, "\n");
	if (fallocate(fd, 0, 0, (off_t)text->len) < 0)
		return fail("cannot write to 'state.json'");
	return fs_write_all(fd, text->data, text->len, "state.json");
}

static int replace_state(const struct record *record, struct buf *text)
{
	int rc = fs_replace_file(record->dirfd, "state.json", text->data, text->len, 0600, false);

	if (!record->saved || (rc != -ENOSPC && rc != -EDQUOT))
		return rc;
	TRY(overwrite_state(record, text));
	err_clear();
	return 0;
}

int record_save(struct record *record)
{
	AUTO(buf) text = BUF_INIT;
	autoclose int fd = -1;

	state_print(record, &text);
	/* One that stays is there with a whole state, or was never made. */
	if (record->saved || !record->ephemeral) {
		TRY(replace_state(record, &text));
		record->saved = true;
		return 0;
	}
	/* Who reads half of it finds the lock held and passes over, or garbage. */
	fd = fs_open(record->dirfd, "state.json", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	TRY(fd);
	TRY(fs_write_all(fd, text.data, text.len, "state.json"));
	record->saved = true;
	return 0;
}

static int read_state(struct record *record)
{
	AUTO(buf) text = BUF_INIT;

	TRY(fs_read_file(record->dirfd, "state.json", MAX_STATE_FILE, &text));
	TRY(state_parse(text.data, text.len, record));
	record->saved = true;
	(void)claim_read_name(record);
	return 0;
}

/* The lock tells whether it runs. Nobody else's lock is waited for, and ours is short. */
static int probe_lock(struct record *record)
{
	if (record->ephemeral)
		return try_lock(record);
	if (flock(record->dirfd, LOCK_SH | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EWOULDBLOCK : fail("cannot lock '%s'", record->dir);
	flock(record->dirfd, LOCK_UN);
	return 0;
}

/* What its supervisor would have told. */
static void tell_killed(const struct host *host, const struct record *record)
{
	event_add_container(host, record, "died", "exitCode=137");
}

/* Its supervisor was killed: do what it would have done. */
static void settle(const struct host *host, struct record *record)
{
	if (record->status != RECORD_RUNNING)
		return;
	record->status = RECORD_EXITED;
	if (!record->restarting)
		record->exit_code = 137;
	record->restarting = false;
	record->pid = 0;
	record->pid_start = 0;
	if (try_lock(record) < 0)
		return;
	if (end_leftovers(record) < 0 || record_save(record) < 0)
		err_clear();
	else
		tell_killed(host, record);
	flock(record->dirfd, LOCK_UN);
	record->locked = false;
}

/* Garbage, of which something may have to stay until the next one meets it. */
static int discard(const struct host *host, struct record *record)
{
	int rc = end_discard(host, record);

	if (rc >= 0 && record->saved && record->status == RECORD_RUNNING) {
		tell_killed(host, record);
		event_removed(host, record);
	}
	if (rc != -EBUSY)
		return rc;
	err_clear();
	return 0;
}

/* 1: loaded; 0: nothing that is there for others (any more, or yet). */
static int load(const struct host *host, bool ephemeral, const char *id, struct record *ret_record)
{
	autofree char *parent = containers_path(host, ephemeral);
	AUTO(record) record = RECORD_INIT;
	int lock, readable;

	record.ephemeral = ephemeral;
	snprintf(record.id, sizeof(record.id), "%s", id);
	record.dir = xasprintf("%s/%s", parent, id);
	record.dirfd = open(record.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (record.dirfd < 0)
		return errno == ENOENT ? 0 : fail("cannot open '%s'", record.dir);
	lock = probe_lock(&record);
	if (lock == -ENOENT)
		return 0;
	if (lock < 0 && lock != -EWOULDBLOCK)
		return lock;
	readable = read_state(&record);
	if (readable < 0)
		err_clear();
	/* One that stays and has no state was never made. */
	if (lock == 0 && !ephemeral && readable == -ENOENT)
		lock = try_lock(&record);
	if (record.locked)
		return discard(host, &record);
	if (readable < 0)
		return 0;
	if (lock == 0)
		settle(host, &record);
	*ret_record = record;
	record = (struct record)RECORD_INIT;
	return 1;
}

static bool is_id(const char *name)
{
	return strlen(name) == ID_LEN && strspn(name, "0123456789abcdef") == ID_LEN;
}

struct records {
	struct record *v;
	size_t n;
};

static int load_all(const struct host *host, bool ephemeral, const char *prefix,
		    struct records *records)
{
	autofree char *path = containers_path(host, ephemeral);
	autodir DIR *dir = opendir(path);
	const struct dirent *entry;

	if (dir == NULL)
		return errno == ENOENT ? 0 : fail("cannot read '%s'", path);
	while ((entry = readdir(dir)) != NULL) {
		struct record record = RECORD_INIT;
		int rc;

		if (!is_id(entry->d_name) || strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
			continue;
		rc = load(host, ephemeral, entry->d_name, &record);
		if (rc > 0)
			*VEC_PUSH(records) = record;
		else if (rc < 0)
			err_clear(); /* one that cannot be read must not hide the others */
	}
	return 0;
}

static void records_release(struct records *records)
{
	for (size_t i = 0; i < records->n; i++)
		record_release(&records->v[i]);
	free(records->v);
}

static int find_prefix(const struct host *host, const char *prefix, struct record *ret_record)
{
	AUTO(records) found = { 0 };

	TRY(load_all(host, true, prefix, &found));
	TRY(load_all(host, false, prefix, &found));
	if (found.n > 1)
		return refuse("'%s' is the beginning of the IDs of %zu containers", prefix,
			      found.n);
	if (found.n == 0)
		return 0;
	*ret_record = found.v[0];
	found.v[0] = (struct record)RECORD_INIT;
	return 1;
}

int record_find(const struct host *host, const char *name, struct record *ret_record)
{
	char id[ID_LEN + 1] = "";
	int rc = 0;

	if (is_id(name))
		snprintf(id, sizeof(id), "%s", name);
	if (is_id(id) || claim_find(host, name, id)) {
		rc = load(host, true, id, ret_record);
		if (rc == 0)
			rc = load(host, false, id, ret_record);
	}
	if (rc == 0 && *name != '\0' && strspn(name, "0123456789abcdef") == strlen(name))
		rc = find_prefix(host, name, ret_record);
	if (rc == 0) {
		refuse_with(ENOENT, "there is no container '%s'", name);
		hint("'berth ps -a' lists them");
		return -ENOENT;
	}
	return rc < 0 ? rc : 0;
}

static int compare_age(const void *left, const void *right)
{
	const struct record *a = left, *b = right;

	if (a->created != b->created)
		return a->created < b->created ? 1 : -1;
	if (a->created_nsec != b->created_nsec)
		return a->created_nsec < b->created_nsec ? 1 : -1;
	return strcmp(a->id, b->id);
}

int record_each(const struct host *host, int (*each)(struct record *record, void *arg), void *arg)
{
	AUTO(records) records = { 0 };

	TRY(load_all(host, true, "", &records));
	TRY(load_all(host, false, "", &records));
	if (records.n != 0)
		qsort(records.v, records.n, sizeof(*records.v), compare_age);
	for (size_t i = 0; i < records.n; i++)
		TRY(each(&records.v[i], arg));
	return 0;
}

/* The texts and lists of a state, to be read anew. */
static void forget_state(struct record *record)
{
	struct record empty = RECORD_INIT, old = *record;

	snprintf(empty.id, sizeof(empty.id), "%s", record->id);
	empty.dir = steal(old.dir);
	empty.dirfd = steal_fd(&old.dirfd);
	empty.scratch = steal_fd(&old.scratch);
	empty.locked = record->locked;
	empty.ephemeral = record->ephemeral;
	empty.with_volumes = record->with_volumes;
	record_release(&old);
	*record = empty;
}

/* Somebody has its lock: its supervisor, or who works on its files. */
static int say_in_use(struct record *record, const char *fix)
{
	if (end_is_running(record)) {
		refuse_with(EBUSY, "the container '%s' is running", record->name);
		if (fix != NULL)
			hint("'%s %s' kills it first", fix, record->name);
	} else {
		refuse_with(EBUSY, "the container '%s' is busy", record->name);
		hint("it is just being started, or files are copied to or from it: try again");
	}
	return -EBUSY;
}

int record_take(struct record *record)
{
	int rc = end_wait(record);

	if (rc == -EWOULDBLOCK)
		return say_in_use(record, NULL);
	if (rc == -ENOENT)
		return refuse_with(ENOENT, "the container '%s' was just removed", record->name);
	TRY(rc);
	forget_state(record);
	TRY(fail_in(read_state(record), "'%s'", record->dir));
	/* Of a command that was killed while it started it. */
	return end_leftovers(record);
}

int record_remove(const struct host *host, struct record *record, bool force)
{
	int rc = record->locked ? 0 : try_lock(record);

	if (rc == -EWOULDBLOCK && record->status == RECORD_EXITED)
		rc = end_wait(record); /* somebody is just looking at it */
	if (rc == -EWOULDBLOCK && !force)
		return say_in_use(record, "berth rm -f");
	if (rc == -EWOULDBLOCK)
		rc = end_kill(record);
	if (rc == -ENOENT) /* its own supervisor has removed it */
		return 0;
	TRY(rc);
	return end_discard(host, record);
}

/* Most are: their lock is all there is to look at. */
static bool is_running(int dirfd, const char *id)
{
	autoclose int fd = openat(dirfd, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || flock(fd, LOCK_SH | LOCK_NB) < 0;
}

void record_sweep(const struct host *host)
{
	autofree char *path = containers_path(host, true);
	autodir DIR *dir = opendir(path);
	const struct dirent *entry;
	struct timespec now;
	long skip;

	if (dir == NULL)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	skip = now.tv_nsec / 1000 % SWEEP_MAX;
	for (long i = 0; i < skip + SWEEP_MAX && (entry = readdir(dir)) != NULL; i++) {
		struct record record = RECORD_INIT;

		if (!is_id(entry->d_name) || is_running(dirfd(dir), entry->d_name))
			continue;
		if (load(host, true, entry->d_name, &record) < 0)
			err_clear();
		record_release(&record);
	}
}

void record_release(struct record *record)
{
	free(record->name);
	free(record->dir);
	cleanup_close(&record->dirfd);
	cleanup_close(&record->scratch);
	free(record->image);
	free(record->image_id);
	strvec_release(&record->command);
	strvec_release(&record->labels);
	strvec_release(&record->ports);
	strvec_release(&record->mounts);
	free(record->cgroup);
	free(record->log_driver);
	strvec_release(&record->log_options);
	free(record->network_text);
	strvec_release(&record->publish);
	strvec_release(&record->mounted_images);
	free(record->pidfile);
	free(record->monitor_pidfile);
	free(record->restart);
	free(record->network);
	strvec_release(&record->overrides);
	strvec_release(&record->exposed);
	strvec_release(&record->requires);
	strvec_release(&record->secrets);
	strvec_release(&record->volumes);
	*record = (struct record)RECORD_INIT;
}
