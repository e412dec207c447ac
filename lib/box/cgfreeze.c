/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The freezers: cgroup.freeze of v2, and the hierarchy of that name of v1. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "box/cgdir.h"
#include "box/cgdriver.h"

#define FREEZER CGROUP_ROOT "/freezer"
#define PAUSE_NSEC 1000000L
/* A process that waits for a disk stops when it has what it waits for. */
#define FREEZE_ROUNDS 10000

static int refuse_slow(const struct cgroup *cgroup)
{
	refuse_with(EBUSY, "the processes of the cgroup '%s' do not stop within 10 seconds",
		    cgroup->path);
	hint("they may wait for a disk or a network file system; the container goes on");
	return -EBUSY;
}

/* Wait until a file of the cgroup says what it should. */
static bool await(int dirfd, const char *file, const char *wanted)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NSEC };
	char text[256];

	for (int round = 0; round < FREEZE_ROUNDS; round++) {
		if (cgdir_read(dirfd, file, text, sizeof(text)) < 0)
			return false;
		if (strstr(text, wanted) != NULL)
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

/* --- v2 --------------------------------------------------------------------------------------- */

int cgfreeze_v2(const struct cgroup *cgroup, bool frozen)
{
	autoclose int fd = cgroup2_open(cgroup);
	int rc = fd >= 0 ? cgdir_write(fd, "cgroup.freeze", frozen ? "1" : "0") : fd;

	if (rc < 0)
		return fail_with(rc, "cannot %s the cgroup '%s'", frozen ? "freeze" : "thaw",
				 cgroup->path);
	if (!frozen || await(fd, "cgroup.events", "frozen 1"))
		return 0;
	cgdir_write(fd, "cgroup.freeze", "0");
	return refuse_slow(cgroup);
}

bool cgfreeze_is_v2(const struct cgroup *cgroup)
{
	autofree char *path = xasprintf("%s%s/cgroup.freeze", CGROUP_ROOT, cgroup->path);
	char text[8];

	return cgdir_read(AT_FDCWD, path, text, sizeof(text)) > 0 && text[0] == '1';
}

/* --- v1 --------------------------------------------------------------------------------------- */

static char *freezer(const struct cgroup *cgroup)
{
	return xasprintf("%s%s", FREEZER, cgroup->path);
}

static bool is_empty(int dirfd)
{
	struct cgdir_procs procs = { 0 };
	bool empty = cgdir_procs(dirfd, &procs) < 0 || procs.n == 0;

	free(procs.v);
	return empty;
}

/* Who ends the container removes this directory as well, but not one that is made after that. */
static int refuse_ended(const char *path)
{
	(void)cgdir_remove(AT_FDCWD, path, 0);
	return refuse_with(ESRCH, "the container has ended");
}

static int freeze_v1(const struct cgroup *cgroup)
{
	autofree char *path = freezer(cgroup);
	autoclose int from = cgroup1_open_any(cgroup), fd = -1;
	int rc;

	if (from < 0)
		return refuse_ended(path);
	rc = cgdir_make(AT_FDCWD, path);
	fd = rc >= 0 ? cgdir_open(AT_FDCWD, path) : rc;
	if (fd == -ENOENT) {
		refuse_with(ENOENT, "the cgroup controller 'freezer' is not mounted");
		hint("mkdir -p " FREEZER " && mount -t cgroup -o freezer cgroup " FREEZER);
		return -ENOENT;
	}
	rc = fd < 0 ? fd : cgdir_gather(from, fd);
	if (rc >= 0 && is_empty(fd))
		return refuse_ended(path);
	if (rc >= 0)
		rc = cgdir_write(fd, "freezer.state", "FROZEN");
	if (rc < 0)
		return fail_with(rc, "cannot freeze the cgroup '%s'", cgroup->path);
	if (await(fd, "freezer.state", "FROZEN"))
		return 0;
	cgdir_write(fd, "freezer.state", "THAWED");
	return refuse_slow(cgroup);
}

int cgfreeze_v1(const struct cgroup *cgroup, bool frozen)
{
	autofree char *path = NULL;
	autoclose int fd = -1;

	if (frozen)
		return freeze_v1(cgroup);
	path = freezer(cgroup);
	fd = cgdir_open(AT_FDCWD, path);
	if (fd == -ENOENT) /* it never was */
		return 0;
	if (fd < 0 || cgdir_write(fd, "freezer.state", "THAWED") < 0)
		return fail("cannot thaw the cgroup '%s'", cgroup->path);
	return 0;
}

bool cgfreeze_is_v1(const struct cgroup *cgroup)
{
	autofree char *path = xasprintf("%s%s/freezer.self_freezing", FREEZER, cgroup->path);
	char text[8];

	return cgdir_read(AT_FDCWD, path, text, sizeof(text)) > 0 && text[0] == '1';
}

int cgfreeze_remove_v1(const struct cgroup *cgroup)
{
	autofree char *path = freezer(cgroup);

	return cgdir_remove(AT_FDCWD, path, CGROUP_WAIT_MS);
}
