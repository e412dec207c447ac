/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/path.h"
#include "box/cgroup.h"

/* In the order in which they are removed: the lock is on the directory of the last. */
enum scratch_kind {
	SCRATCH_VOLUMES,
	SCRATCH_UPPER,
	SCRATCH_LOGS,
	SCRATCH_WORK,
	SCRATCH_MAX,
};

static const char *const parents[] = {
	[SCRATCH_VOLUMES] = "scratch/volumes",
	[SCRATCH_UPPER] = "scratch/upper",
	[SCRATCH_LOGS] = "scratch/logs",
	[SCRATCH_WORK] = "scratch/work",
};

static char *scratch_path(const struct host *host, enum scratch_kind kind, const char *id)
{
	return xasprintf("%s/%s/%s", host->root, parents[kind], id);
}

/* An own directory; the parents are there but for the first time. */
static int make_dir(const char *path)
{
	autofree char *parent = NULL;

	if (mkdir(path, 0700) == 0)
		return 0;
	if (errno != ENOENT)
		return fail("cannot make '%s'", path);
	parent = xstrndup(path, (size_t)(strrchr(path, '/') - path));
	TRY(fs_mkdirs(AT_FDCWD, parent, 0700));
	return mkdir(path, 0700) < 0 ? fail("cannot make '%s'", path) : 0;
}

struct ownership {
	const char *path;
	uid_t uid;
	gid_t gid;
};

static int give(void *arg)
{
	const struct ownership *give = arg;
	autoclose int fd = open(give->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || fchown(fd, give->uid, give->gid) < 0)
		return fail("cannot give '%s' to the root user of the container", give->path);
	return 0;
}

/* The container's root owns its volumes. It is the caller, unless the maps say otherwise. */
int scratch_give_to_root(const struct host *host, const struct idmaps *maps, const char *path)
{
	struct ownership owner = { .path = path };
	AUTO(idmaps) store = { 0 };
	int64_t uid = idmap_to_outside(&maps->uid, 0), gid = idmap_to_outside(&maps->gid, 0);

	if (maps->uid.n == 0 || uid < 0 || gid < 0 ||
	    ((uid_t)uid == host->uid && (gid_t)gid == host->gid))
		return 0;
	if (host->rootless) {
		TRY(idmap_for_store(host, idmap_tier(host), &store));
		uid = idmap_to_inside(&store.uid, (uint32_t)uid);
		gid = idmap_to_inside(&store.gid, (uint32_t)gid);
		if (uid < 0 || gid < 0)
			return refuse("the root user of the container is none of your ids");
	}
	owner.uid = (uid_t)uid;
	owner.gid = (gid_t)gid;
	return host->rootless ? idmap_run(&store, give, &owner) : give(&owner);
}

/* Make the directory and lock it; 1 where a sweeper was faster and removed it. */
static int make_locked(const char *path, int *ret_lock)
{
	autoclose int fd = -1;
	struct stat st;

	TRY(make_dir(path));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 1 : fail("cannot open '%s'", path);
	if (flock(fd, LOCK_EX) < 0)
		return fail("cannot lock '%s'", path);
	if (fstat(fd, &st) < 0)
		return fail("cannot read '%s'", path);
	if (st.st_nlink == 0)
		return 1;
	*ret_lock = steal_fd(&fd);
	return 0;
}

static int set_mode(const char *path, mode_t mode)
{
	return chmod(path, mode) < 0 ? fail("cannot set the mode of '%s'", path) : 0;
}

int scratch_make(const struct host *host, struct record *record, mode_t mode, char **ret_upper,
		 char **ret_work)
{
	autofree char *upper = NULL, *work = NULL;
	int rc = 0;

	if (record->ephemeral) {
		work = scratch_path(host, SCRATCH_WORK, record->id);
		upper = scratch_path(host, SCRATCH_UPPER, record->id);
	} else {
		work = xasprintf("%s/work", record->dir);
		upper = xasprintf("%s/upper", record->dir);
	}
	if (record->ephemeral)
		while ((rc = make_locked(work, &record->scratch)) > 0)
			continue;
	else
		rc = make_dir(work);
	TRY(rc);
	TRY(make_dir(upper));
	TRY(set_mode(upper, mode));
	*ret_upper = steal(upper);
	*ret_work = steal(work);
	return 0;
}

/* What every root file system has mounted over, as far as it is not the image's. */
static const struct {
	const char *path;
	bool directory;
} targets[] = {
	{ "dev", true },
	{ "proc", true },
	{ "sys", true },
	{ "etc", true },
	{ "etc/hostname", false },
	{ "etc/hosts", false },
	{ "etc/resolv.conf", false },
};

int scratch_make_secrets_base(const struct host *host, char **ret_path)
{
	autofree char *path = xasprintf("%s/scratch/secrets", host->root);
	autofree char *inside = xasprintf("%s/run/secrets", path);

	if (fs_exists(AT_FDCWD, inside) <= 0)
		TRY(fs_mkdirs(AT_FDCWD, inside, 0755));
	*ret_path = steal(path);
	return 0;
}

int scratch_make_base(const struct host *host, char **ret_path)
{
	autofree char *path = xasprintf("%s/scratch/base", host->root);
	autoclose int fd = -1;

	/* The last one that is made. */
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && fs_exists(fd, targets[ARRAY_SIZE(targets) - 1].path) > 0) {
		*ret_path = steal(path);
		return 0;
	}
	cleanup_close(&fd);
	fd = fs_mkdirs_open(AT_FDCWD, path, 0755);
	TRY(fd);
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		autoclose int file = -1;

		if (targets[i].directory)
			TRY(fs_mkdirs(fd, targets[i].path, 0755));
		else
			file = fs_open(fd, targets[i].path, O_WRONLY | O_CREAT, 0644);
		if (!targets[i].directory)
			TRY(file);
	}
	*ret_path = steal(path);
	return 0;
}

int scratch_make_volume(const struct host *host, struct record *record, const struct idmaps *maps,
			const char *name, char **ret_path)
{
	autofree char *base = record->ephemeral ? scratch_path(host, SCRATCH_VOLUMES, record->id)
						: xasprintf("%s/volumes", record->dir);
	autofree char *path = xasprintf("%s/%s", base, name);

	TRY(fs_mkdirs(AT_FDCWD, base, 0700));
	TRY(make_dir(path));
	TRY(set_mode(path, 0755));
	TRY(scratch_give_to_root(host, maps, path));
	*ret_path = steal(path);
	return 0;
}

char *scratch_log_path(const struct host *host, const char *id)
{
	return xasprintf("%s/%s/%s/log", host->root, parents[SCRATCH_LOGS], id);
}

int scratch_make_log(const struct host *host, struct record *record)
{
	autofree char *work = scratch_path(host, SCRATCH_WORK, record->id);
	autofree char *path = scratch_path(host, SCRATCH_LOGS, record->id);
	int rc = 1;

	while (record->scratch < 0 && rc > 0) {
		rc = make_locked(work, &record->scratch);
		TRY(rc);
	}
	return make_dir(path);
}

char *scratch_upper(const struct host *host, const struct record *record)
{
	return record->ephemeral ? scratch_path(host, SCRATCH_UPPER, record->id)
				 : xasprintf("%s/upper", record->dir);
}

int scratch_usage(const struct host *host, const struct record *record, uint64_t *ret_bytes)
{
	autofree char *upper = scratch_upper(host, record);

	return fs_disk_usage(AT_FDCWD, upper, ret_bytes);
}

struct removal {
	int dirfd;
	const char *path;
};

static int remove_body(void *arg)
{
	const struct removal *removal = arg;

	return fs_remove_tree(removal->dirfd, removal->path);
}

int scratch_remove_tree(const struct host *host, int dirfd, const char *path)
{
	struct removal removal = { .dirfd = dirfd, .path = path };
	AUTO(idmaps) maps = { 0 };
	int rc = fs_remove_tree(dirfd, path);

	if (rc >= 0 || !host->rootless || (rc != -EACCES && rc != -EPERM))
		return rc;
	err_clear();
	TRY(idmap_for_store(host, idmap_tier(host), &maps));
	return idmap_run(&maps, remove_body, &removal);
}

/* What overlayfs leaves in its work directory when nothing was removed in the container, the
 * innermost first. Its directories have no permission bits, which matters to ordinary users. */
static const char *const work_left[] = {
	"work/incompat/volatile/dirty", "work/incompat/volatile", "work/incompat", "work", "",
};

static bool remove_usual_work(const struct host *host, const char *path)
{
	autofree char *entry = NULL;

	for (size_t i = ARRAY_SIZE(work_left) - 1; host->rootless && i-- > 1;) {
		free(entry);
		entry = xasprintf("%s/%s", path, work_left[i]);
		if (chmod(entry, 0700) < 0)
			return false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(work_left); i++) {
		free(entry);
		entry = xasprintf("%s/%s", path, work_left[i]);
		if ((i == 0 ? unlink(entry) : rmdir(entry)) < 0)
			return false;
	}
	return true;
}

int scratch_renew(const struct host *host, const char *id)
{
	autofree char *work = scratch_path(host, SCRATCH_WORK, id);
	autofree char *path = xasprintf("%s/work", work);

	return scratch_remove_tree(host, AT_FDCWD, path);
}

int scratch_borrow(const struct host *host, const char *id, const char *source)
{
	autofree char *parent = scratch_path(host, SCRATCH_VOLUMES, "");
	size_t len = strlen(parent);
	autofree char *path = NULL;
	autoclose int fd = -1;
	struct stat st;

	if (strncmp(source, parent, len) != 0 || strncmp(source + len, id, strlen(id)) == 0)
		return 0;
	path = xstrndup(source, len + strcspn(source + len, "/"));
	fd = fs_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd == -ENOENT)
		hint("the volumes of a container of --rm went with it: give them names");
	TRY(fd);
	if (flock(fd, LOCK_SH | LOCK_NB) < 0 || fstat(fd, &st) < 0 || st.st_nlink == 0)
		return refuse_with(ENOENT, "the volumes in '%s' are just being removed", path);
	return steal_fd(&fd);
}

/* 1, and a lock against it where there is something to remove: nobody has borrowed them. */
static int claim_volumes(const char *path, int *ret_lock)
{
	*ret_lock = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return *ret_lock < 0 || flock(*ret_lock, LOCK_EX | LOCK_NB) == 0;
}

int scratch_remove(const struct host *host, const char *id)
{
	bool borrowed = false;
	int rc = 0;

	for (int kind = 0; kind < SCRATCH_MAX; kind++) {
		autofree char *path = scratch_path(host, (enum scratch_kind)kind, id);
		autoclose int lock = -1;

		/* Who sweeps later finds the rest by the work directory. */
		if (kind == SCRATCH_VOLUMES)
			borrowed = !claim_volumes(path, &lock);
		if (borrowed && (kind == SCRATCH_VOLUMES || kind == SCRATCH_WORK))
			continue;

		/* Most uppers are empty. */
		if (kind == SCRATCH_WORK && remove_usual_work(host, path))
			continue;
		if (rmdir(path) < 0 && errno != ENOENT)
			rc = scratch_remove_tree(host, AT_FDCWD, path);
		TRY(rc);
	}
	return 0;
}

/* With its record went the name of its cgroup. */
static void discard_cgroup(const char *id)
{
	AUTO(buf) name = BUF_INIT;

	if (cgroup_guess(id, &name) < 0 || name.len == 0 || cgroup_discard(name.data) < 0)
		err_clear();
}

void scratch_sweep(const struct host *host)
{
	autofree char *parent = xasprintf("%s/%s", host->root, parents[SCRATCH_WORK]);
	autodir DIR *dir = opendir(parent);
	const struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		autoclose int fd = -1;

		if (entry->d_name[0] == '.')
			continue;
		fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
			continue;
		discard_cgroup(entry->d_name);
		if (scratch_remove(host, entry->d_name) < 0)
			err_clear();
	}
}
