/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/claim.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/lock.h"
#include "container/names.h"

#define ID_SIZE 65

static char *link_path(const char *base, const char *name)
{
	return xasprintf("%s/container-names/%s", base, name);
}

static int read_link(const char *base, const char *name, char ret_id[ID_SIZE])
{
	autofree char *path = link_path(base, name);
	ssize_t len = readlink(path, ret_id, ID_SIZE);

	if (len != ID_SIZE - 1)
		return 0;
	ret_id[len] = '\0';
	return strspn(ret_id, "0123456789abcdef") == ID_SIZE - 1;
}

static bool is_container(const struct host *host, const char *id)
{
	const char *const bases[] = { host->runroot, host->root };

	for (size_t i = 0; i < ARRAY_SIZE(bases); i++) {
		autofree char *path = xasprintf("%s/containers/%s", bases[i], id);

		if (fs_exists(AT_FDCWD, path) > 0)
			return true;
	}
	return false;
}

/*
 * Remove a link whose container is gone. The lock keeps two who find the same garbage apart: the
 * second one would otherwise remove the link that the first one has just made. Who makes a link
 * needs no lock, because its container exists before.
 */
static int remove_garbage(const struct host *host, const char *base, const char *name)
{
	autofree char *lock_path = xasprintf("%s/container-names.lock", base);
	autofree char *path = link_path(base, name);
	autoclose int lock = lock_take(AT_FDCWD, lock_path, LOCK_EXCLUSIVE, "the names");
	char id[ID_SIZE];

	TRY(lock);
	if (read_link(base, name, id) && is_container(host, id))
		return -EEXIST;
	if (unlink(path) < 0 && errno != ENOENT)
		return fail("cannot remove '%s'", path);
	return 0;
}

/* 0, or -EEXIST with the holder. */
static int make_link(const struct host *host, const char *base, const struct record *record,
		     char ret_holder[ID_SIZE])
{
	autofree char *path = link_path(base, record->name);
	autofree char *parent = xasprintf("%s/container-names", base);

	while (symlink(record->id, path) < 0) {
		if (errno == ENOENT)
			TRY(fs_mkdirs(AT_FDCWD, parent, 0700));
		else if (errno != EEXIST)
			return fail("cannot make '%s'", path);
		else if (read_link(base, record->name, ret_holder) &&
			 is_container(host, ret_holder))
			return -EEXIST;
		else
			TRY(remove_garbage(host, base, record->name));
	}
	return 0;
}

static void remove_link(const char *base, const struct record *record)
{
	autofree char *path = link_path(base, record->name);
	char id[ID_SIZE];

	if (read_link(base, record->name, id) && strcmp(id, record->id) == 0)
		unlink(path);
}

int claim_take(const struct host *host, const struct record *record, char ret_holder[ID_SIZE])
{
	int rc;

	TRY(make_link(host, host->runroot, record, ret_holder));
	if (!record->ephemeral)
		rc = make_link(host, host->root, record, ret_holder);
	else
		rc = read_link(host->root, record->name, ret_holder) &&
				     is_container(host, ret_holder)
			     ? -EEXIST
			     : 0;
	if (rc < 0)
		remove_link(host->runroot, record);
	return rc;
}

/* --- another name ----------------------------------------------------------------------------- */

int claim_read_name(struct record *record)
{
	char name[MAX_NAME + 1];
	ssize_t len = readlinkat(record->dirfd, "name", name, sizeof(name));

	if (len <= 0 || len > MAX_NAME)
		return 0;
	name[len] = '\0';
	if (name_check(name) < 0) {
		err_clear();
		return 0;
	}
	xreplace(&record->name, name);
	return 1;
}

/* Replaced whole, as every file of a record. */
static int write_name(const struct record *record, const char *name)
{
	struct stat st;

	if (unlinkat(record->dirfd, "name.new", 0) < 0 && errno != ENOENT)
		return fail("cannot write to '%s'", record->dir);
	if (symlinkat(name, record->dirfd, "name.new") < 0 ||
	    renameat(record->dirfd, "name.new", record->dirfd, "name") < 0)
		return fail("cannot write to '%s'", record->dir);
	/* Removed just now: nobody would drop the name. */
	if (fstat(record->dirfd, &st) < 0 || st.st_nlink == 0)
		return refuse_with(ENOENT, "the container '%s' has just been removed",
				   record->name);
	return 0;
}

/* All names but one that lead to it. */
static void drop_others(const char *base, const struct record *record, const char *name)
{
	autofree char *path = xasprintf("%s/container-names", base);
	autodir DIR *dir = opendir(path);
	const struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		char id[ID_SIZE];

		if (strcmp(entry->d_name, name) != 0 && read_link(base, entry->d_name, id) &&
		    strcmp(id, record->id) == 0)
			unlinkat(dirfd(dir), entry->d_name, 0);
	}
}

void claim_drop(const struct host *host, const struct record *record)
{
	if (record->name == NULL) {
		drop_others(host->runroot, record, "");
		drop_others(host->root, record, "");
		return;
	}
	remove_link(host->runroot, record);
	if (!record->ephemeral)
		remove_link(host->root, record);
}

/* Where the name leads to it already it is half of a rename that was killed. */
static int take_another(const struct host *host, const struct record *renamed)
{
	const char *const bases[] = { host->runroot, host->root };
	char holder[ID_SIZE] = "";
	int rc = claim_take(host, renamed, holder);

	if (rc == -EEXIST && strcmp(holder, renamed->id) == 0) {
		rc = 0;
		for (size_t i = 0; rc == 0 && i < (renamed->ephemeral ? 1U : 2U); i++) {
			rc = make_link(host, bases[i], renamed, holder);
			if (rc == -EEXIST && strcmp(holder, renamed->id) == 0)
				rc = 0;
		}
	}
	if (rc == -EEXIST)
		return refuse_with(EEXIST, "the name '%s' is taken by the container %.12s",
				   renamed->name, holder);
	return rc;
}

int claim_rename(const struct host *host, struct record *record, const char *name)
{
	autofree char *lock_path = xasprintf("%s/rename.lock", host->runroot);
	struct record renamed = *record;
	autofree char *copy = xstrdup(name);
	autoclose int lock = -1;
	int rc;

	TRY(fs_mkdirs(AT_FDCWD, host->runroot, 0700));
	lock = lock_take(AT_FDCWD, lock_path, LOCK_EXCLUSIVE, "the names");
	TRY(lock);
	renamed.name = copy;
	TRY(take_another(host, &renamed));
	rc = write_name(record, name);
	if (rc < 0) {
		claim_drop(host, &renamed);
		return rc;
	}
	drop_others(host->runroot, record, name);
	drop_others(host->root, record, name);
	xreplace(&record->name, name);
	return 0;
}

int claim_find(const struct host *host, const char *name, char ret_id[ID_SIZE])
{
	if (strchr(name, '/') != NULL || *name == '\0')
		return 0;
	return read_link(host->runroot, name, ret_id) || read_link(host->root, name, ret_id);
}
