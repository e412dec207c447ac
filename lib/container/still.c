/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/still.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/path.h"
#include "box/ns.h"
#include "container/end.h"
#include "container/remake.h"
#include "container/volumefill.h"

/* In the directory of a container. */
#define MOUNTING "mounting"

#define POLL_NSEC 2000000L
#define POLLS 5000 /* 10 s: another copy may be at it */

/* --- its lock --------------------------------------------------------------------------------- */

static int say_busy(const struct record *record)
{
	refuse_with(EBUSY, "the container '%s' is busy", record->name);
	hint("it is just being started, or files are copied to or from it: try again");
	return -EBUSY;
}

static int await_lock(struct record *record, int fd, int kind)
{
	const struct timespec pause = { .tv_nsec = POLL_NSEC };
	int polls = POLLS;

	while (flock(fd, kind | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return fail("cannot lock '%s'", record->dir);
		if (end_is_running(record) || polls-- == 0)
			return say_busy(record);
		nanosleep(&pause, NULL);
	}
	return 0;
}

/* Nobody starts or removes it as long as its directory is locked, by any number of us. A file in it
 * is for who mounts what is written to: twice at the same time the kernel does not take that. */
static int hold(struct record *record, bool alone, int *ret_mounting)
{
	struct stat st;

	TRY(await_lock(record, record->dirfd, LOCK_SH));
	if (fstat(record->dirfd, &st) < 0)
		return fail("cannot read '%s'", record->dir);
	if (st.st_nlink == 0)
		return refuse_with(ENOENT, "the container '%s' was just removed", record->name);
	if (!alone)
		return 0;
	*ret_mounting = fs_open(record->dirfd, MOUNTING, O_RDWR | O_CREAT, 0600);
	TRY(*ret_mounting);
	return await_lock(record, *ret_mounting, LOCK_EX);
}

/* --- its plan, without processes -------------------------------------------------------------- */

static bool is_of_files(const struct spec_mount *mount)
{
	static const char *const of_processes[] = { "/proc", "/sys", "/dev" };
	autofree char *path = path_clean(mount->destination);

	for (size_t i = 0; i < ARRAY_SIZE(of_processes); i++)
		if (path_is_within(path, of_processes[i]))
			return false;
	return strcmp(mount->type, "bind") == 0 || strcmp(mount->type, "overlay") == 0;
}

static void put_first(struct strvec *list, char *first)
{
	strvec_push_owned(list, first);
	for (size_t i = list->n - 1; i > 0; i--) {
		char *before = list->v[i - 1];

		list->v[i - 1] = list->v[i];
		list->v[i] = before;
	}
}

/* A second overlay must not write where another one may. */
static void only_read(char **upper, char **work, struct strvec *lower)
{
	if (*upper != NULL)
		put_first(lower, steal(*upper));
	xreplace(work, NULL);
}

static void reduce_root(struct spec_root *root, bool alone)
{
	if (alone)
		return;
	if (root->kind == ROOT_DIRECTORY && root->upper != NULL) {
		strvec_push(&root->lower, root->path);
		root->kind = ROOT_OVERLAY;
	}
	only_read(&root->upper, &root->work, &root->lower);
}

static void reduce_mounts(struct spec *spec, bool alone)
{
	size_t kept = 0;

	for (size_t i = 0; i < spec->mounts.n; i++) {
		struct spec_mount *mount = &spec->mounts.v[i];

		if (!is_of_files(mount)) {
			spec_mount_release(mount);
			continue;
		}
		/* Its start has given it away, and filled it. */
		mount->chown = false;
		mount->tmpcopyup = false;
		mount->propagation = 0;
		if (!alone)
			only_read(&mount->upper, &mount->work, &mount->lower);
		spec->mounts.v[kept++] = *mount;
	}
	spec->mounts.n = kept;
}

static int reduce(const struct record *record, struct spec *spec, bool alone)
{
	if (spec->root.kind == ROOT_HOST)
		return refuse("the container '%s' has kept none of its files: it is made of the "
			      "host's",
			      record->name);
	for (int kind = 0; kind < NS_MAX; kind++)
		if (kind != NS_USER && kind != NS_MOUNT)
			spec->ns[kind].mode = NS_HOST;
	xreplace(&spec->hostname, NULL);
	xreplace(&spec->domainname, NULL);
	reduce_root(&spec->root, alone);
	reduce_mounts(spec, alone);
	return 0;
}

/* ---------------------------------------------------------------------------------------------- */

/* What is written now must not be taken for what somebody left who was killed. */
static int settle_volumes(const struct host *host, struct container *container)
{
	for (size_t i = 0; i < container->volumes.n; i++) {
		struct volume *volume = &container->volumes.v[i];

		TRY(volumefill_settle(host, volume));
		close(steal_fd(&volume->fill));
	}
	return 0;
}

static int open_files(const struct host *host, bool write, struct still *still)
{
	struct container *container = &still->container;
	struct record *record = &container->record;
	bool alone = write;

	TRY(fail_in(remake_files(host, container), "the container '%s'", record->name));
	if (write)
		TRY(settle_volumes(host, container));
	/* What such a container writes has the ids of its user namespace, and its other layers are
	 * mapped into that: the kernel maps all or none of the lower ones. */
	if (ns_is_foreign(&container->spec))
		alone = true;
	TRY(hold(record, alone, &still->mounting));
	return reduce(record, &container->spec, alone);
}

int still_open(const struct host *host, struct record *record, bool write, struct still *ret_still)
{
	struct still still = STILL_INIT;
	int rc;

	spec_init(&still.container.spec);
	still.container.host = host;
	still.container.kept = true;
	still.container.record = *record;
	*record = (struct record)RECORD_INIT;
	rc = open_files(host, write, &still);
	if (rc < 0) {
		still_release(&still);
		return rc;
	}
	*ret_still = still;
	return 0;
}

void still_release(struct still *still)
{
	container_release(&still->container);
	cleanup_close(&still->mounting);
	*still = (struct still)STILL_INIT;
}
