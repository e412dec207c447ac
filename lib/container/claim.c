/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/claim.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/lock.h"

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

void claim_drop(const struct host *host, const struct record *record)
{
	if (record->name == NULL)
		return;
	remove_link(host->runroot, record);
	if (!record->ephemeral)
		remove_link(host->root, record);
}

int claim_find(const struct host *host, const char *name, char ret_id[ID_SIZE])
{
	if (strchr(name, '/') != NULL || *name == '\0')
		return 0;
	return read_link(host->runroot, name, ret_id) || read_link(host->root, name, ret_id);
}
