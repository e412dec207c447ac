/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "oci/ocistate.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/lock.h"
#include "base/proc.h"
#include "box/cgroup.h"
#include "spec/config.h"
#include "spec/configpart.h"

#define STATE "state.json"
#define LOCK "lock"
#define ID_MAX 255
#define LOCK_PAUSE_NSEC 5000000L
#define LOCK_ROUNDS 400 /* two seconds */

static const char *const names[] = {
	[OCI_CREATING] = "creating", [OCI_CREATED] = "created", [OCI_RUNNING] = "running",
	[OCI_PAUSED] = "paused",     [OCI_STOPPED] = "stopped",
};

const char *oci_status_name(enum oci_status status)
{
	return names[status];
}

int ocistate_check_id(const char *id)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-.";

	if (*id == '\0')
		return refuse("container id cannot be empty");
	if (strspn(id, allowed) != strlen(id) || strlen(id) > ID_MAX || strcmp(id, ".") == 0 ||
	    strcmp(id, "..") == 0)
		return refuse("invalid container id '%s': letters, digits and '_+-.' are allowed",
			      id);
	return 0;
}

/* --- the directory ---------------------------------------------------------------------------- */

static int open_root(const char *root, bool make)
{
	int fd;

	if (make)
		return fs_mkdirs_open(AT_FDCWD, root, 0700);
	fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno != ENOENT)
		return fail("cannot open '%s'", root);
	return fd < 0 ? -ENOENT : fd;
}

static int refuse_missing(const char *id)
{
	return refuse_with(ENOENT, "container '%s' does not exist", id);
}

static int refuse_taken(const char *id)
{
	return refuse_with(EEXIST, "container with id exists: '%s'", id);
}

/* The first process of a container whose creator was killed dies with him, and until it has it
 * holds his lock. Who is at work has it as well, and a state as soon as he is done. */
static int lock_patiently(int dir)
{
	const struct timespec pause = { .tv_nsec = LOCK_PAUSE_NSEC };
	int lock = lock_try(dir, LOCK, LOCK_EXCLUSIVE);

	for (int round = 0; lock == -EWOULDBLOCK && round < LOCK_ROUNDS; round++) {
		if (fs_exists(dir, STATE) != 0)
			break;
		nanosleep(&pause, NULL);
		lock = lock_try(dir, LOCK, LOCK_EXCLUSIVE);
	}
	return lock;
}

/* What is in it of one that was never finished goes. */
static int take(struct ocistate *state)
{
	state->lock = lock_patiently(state->dir);
	if (state->lock == -EWOULDBLOCK)
		return refuse_taken(state->id);
	TRY(state->lock);
	if (fs_exists(state->dir, STATE) != 0)
		return refuse_taken(state->id);
	if (unlinkat(state->dir, OCISTATE_SOCKET, 0) < 0 && errno != ENOENT)
		return fail("cannot remove what was left of '%s'", state->id);
	return 0;
}

int ocistate_make(const char *root, const char *id, struct ocistate *ret_state)
{
	autoclose int parent = -1;
	AUTO(ocistate) state = OCISTATE_INIT;

	TRY(ocistate_check_id(id));
	parent = open_root(root, true);
	TRY(parent);
	if (mkdirat(parent, id, 0700) < 0 && errno != EEXIST)
		return fail("cannot make '%s/%s'", root, id);
	state.id = xstrdup(id);
	state.dir = fs_open(parent, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	TRY(state.dir);
	TRY(take(&state));
	/* The one that was there before may have been deleted in between. */
	if (fs_exists(parent, id) != 1)
		return refuse_taken(id);
	*ret_state = state;
	state = (struct ocistate)OCISTATE_INIT;
	return 0;
}

int ocistate_lock(struct ocistate *state)
{
	if (state->lock >= 0)
		return 0;
	state->lock = lock_take(state->dir, LOCK, LOCK_EXCLUSIVE, NULL);
	TRY(state->lock);
	return fs_exists(state->dir, STATE) == 1 ? 0 : refuse_missing(state->id);
}

int ocistate_remove(const char *root, const char *id)
{
	autofree char *state = xasprintf("%s/" STATE, id);
	autoclose int parent = open_root(root, false);

	if (parent == -ENOENT)
		return 0;
	TRY(parent);
	/* First what makes it one: a half-removed directory is garbage, and not a container. */
	if (unlinkat(parent, state, 0) < 0 && errno != ENOENT)
		return fail("cannot remove '%s/%s'", root, state);
	return fs_remove_tree(parent, id);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int ocistate_list(const char *root, struct strvec *ret_ids)
{
	int fd = open_root(root, false);
	struct dirent *entry;
	DIR *dir;

	if (fd == -ENOENT)
		return 0;
	TRY(fd);
	dir = fdopendir(fd);
	if (dir == NULL) {
		close(fd);
		return fail("cannot read '%s'", root);
	}
	while ((entry = readdir(dir)) != NULL) {
		autofree char *state = xasprintf("%s/" STATE, entry->d_name);

		if (entry->d_name[0] != '.' && faccessat(fd, state, F_OK, 0) == 0)
			strvec_push(ret_ids, entry->d_name);
	}
	closedir(dir);
	if (ret_ids->n > 1)
		qsort(ret_ids->v, ret_ids->n, sizeof(*ret_ids->v), compare);
	return 0;
}

void ocistate_release(struct ocistate *state)
{
	cleanup_close(&state->dir);
	cleanup_close(&state->lock);
	free(state->id);
	free(state->bundle);
	free(state->rootfs);
	free(state->cgroup);
	free(state->created);
	free(state->owner);
	keyvalues_release(&state->annotations);
	*state = (struct ocistate)OCISTATE_INIT;
}

/* --- state.json ------------------------------------------------------------------------------- */

static void add_annotations(cJSON *json, const struct spec_keyvalues *annotations)
{
	cJSON *map = annotations->n > 0 ? json_add_object(json, "annotations") : NULL;

	for (size_t i = 0; i < annotations->n; i++)
		json_add_string(map, annotations->v[i].key, annotations->v[i].value);
}

int ocistate_save(const struct ocistate *state)
{
	autojson cJSON *json = json_object();
	AUTO(buf) text = BUF_INIT;

	json_add_string(json, "bundle", state->bundle);
	json_add_string(json, "rootfs", state->rootfs);
	json_add_string(json, "cgroup", state->cgroup);
	json_add_string(json, "created", state->created);
	json_add_string(json, "owner", state->owner);
	json_add_int(json, "pid", state->pid);
	json_add_int(json, "pidStart", (int64_t)state->pid_start);
	json_add_bool(json, "ownPids", state->own_pids);
	json_add_bool(json, "poststart", state->poststart);
	json_add_bool(json, "notifies", state->notifies);
	json_add_bool(json, "poststop", state->poststop);
	json_add_bool(json, "noNewKeyring", state->no_new_keyring);
	add_annotations(json, &state->annotations);
	json_print(json, false, &text);
	return fs_replace_file(state->dir, STATE, text.data, text.len, 0600, false);
}

static int parse(const struct buf *text, struct ocistate *state)
{
	autojson cJSON *json = NULL;
	int64_t pid = 0;

	TRY(json_parse(text->data, text->len, STATE, &json));
	TRY(config_get_copy(json, "bundle", &state->bundle));
	TRY(config_get_copy(json, "rootfs", &state->rootfs));
	TRY(config_get_copy(json, "cgroup", &state->cgroup));
	TRY(config_get_copy(json, "created", &state->created));
	TRY(config_get_copy(json, "owner", &state->owner));
	TRY(json_get_int(json, "pid", 1, INT32_MAX, &pid));
	TRY(json_get_u64(json, "pidStart", UINT64_MAX, &state->pid_start));
	TRY(json_get_bool(json, "ownPids", &state->own_pids));
	TRY(json_get_bool(json, "poststart", &state->poststart));
	TRY(json_get_bool(json, "notifies", &state->notifies));
	TRY(json_get_bool(json, "poststop", &state->poststop));
	TRY(json_get_bool(json, "noNewKeyring", &state->no_new_keyring));
	TRY(config_part_keyvalues(json, "annotations", &state->annotations));
	state->pid = (pid_t)pid;
	return pid > 0 && state->cgroup != NULL ? 0 : refuse("'%s' is not complete", STATE);
}

int ocistate_open(const char *root, const char *id, struct ocistate *ret_state)
{
	AUTO(ocistate) state = OCISTATE_INIT;
	AUTO(buf) text = BUF_INIT;
	autoclose int parent = -1;
	int rc;

	TRY(ocistate_check_id(id));
	parent = open_root(root, false);
	if (parent == -ENOENT)
		return refuse_missing(id);
	TRY(parent);
	state.id = xstrdup(id);
	state.dir = openat(parent, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (state.dir < 0)
		return errno == ENOENT ? refuse_missing(id) : fail("cannot open '%s/%s'", root, id);
	rc = fs_read_file(state.dir, STATE, MAX_CONFIG, &text);
	if (rc == -ENOENT)
		return refuse_missing(id);
	TRY(rc);
	TRY(fail_in(parse(&text, &state), "container '%s'", id));
	*ret_state = state;
	state = (struct ocistate)OCISTATE_INIT;
	return 0;
}

/* --- what it is ------------------------------------------------------------------------------- */

static bool is_frozen(const struct ocistate *state)
{
	struct cgroup cgroup;
	bool frozen;

	if (cgroup_find(state->cgroup, &cgroup) < 0) {
		err_clear();
		return false;
	}
	frozen = cgroup_is_frozen(&cgroup);
	cgroup_release(&cgroup);
	return frozen;
}

enum oci_status ocistate_status(const struct ocistate *state)
{
	if (state->pid == 0)
		return OCI_CREATING;
	if (!proc_is_alive(state->pid, state->pid_start))
		return OCI_STOPPED;
	/* One that was paused before its start can be resumed. */
	if (is_frozen(state))
		return OCI_PAUSED;
	return faccessat(state->dir, OCISTATE_SOCKET, F_OK, 0) == 0 ? OCI_CREATED : OCI_RUNNING;
}

int ocistate_pidfd(const struct ocistate *state)
{
	autoclose int fd = (int)syscall(SYS_pidfd_open, state->pid, 0);

	/* The number may be another's by now: what is open stays who it is. */
	if (fd < 0 || !proc_is_alive(state->pid, state->pid_start))
		return -ESRCH;
	return steal_fd(&fd);
}

void ocistate_print(const struct ocistate *state, enum oci_status status, bool pretty,
		    struct buf *out)
{
	autojson cJSON *json = json_object();

	json_add_string(json, "ociVersion", CONFIG_VERSION);
	json_add_string(json, "id", state->id);
	if (status != OCI_CREATING || state->pid > 0)
		json_add_int(json, "pid", status == OCI_STOPPED ? 0 : state->pid);
	json_add_string(json, "status", oci_status_name(status));
	json_add_string(json, "bundle", state->bundle);
	json_add_string(json, "rootfs", state->rootfs);
	json_add_string(json, "created", state->created);
	json_add_string(json, "owner", state->owner);
	add_annotations(json, &state->annotations);
	json_print(json, pretty, out);
}
