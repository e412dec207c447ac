/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cgroup v2 through its file system. The parent of a container's cgroup is
 *
 *	what --cgroup-parent says;
 *	our own cgroup where systemd has delegated that to us (Delegate=), or with --cgroups=split:
 *	then a unit and its container live and die together. Processes and controllers do not go
 *	together in one cgroup, so where limits are wanted, those that are in it, we among them,
 *	move to a leaf beside the container;
 *	/berth for root: it keeps its controllers, so that the next container finds them;
 *	our own for everybody else who may make one there: without controllers, but it can be killed
 *	as a whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/path.h"
#include "box/cgchange.h"
#include "box/cgdevice.h"
#include "box/cgdir.h"
#include "box/cgdriver.h"
#include "box/cgknob.h"
#include "box/cgowner.h"
#include "box/cgself.h"

#define CONTROLLERS_TEXT 512

static char *absolute(const char *path)
{
	return xasprintf("%s%s", CGROUP_ROOT, path);
}

unsigned int cgroup2_controllers(int dirfd, const char *file)
{
	char text[CONTROLLERS_TEXT], *state = NULL;
	unsigned int mask = 0;

	if (cgdir_read(dirfd, file, text, sizeof(text)) < 0)
		return 0;
	for (char *word = strtok_r(text, " \n", &state); word != NULL;
	     word = strtok_r(NULL, " \n", &state))
		for (size_t i = 0; i < CONTROLLER_MAX; i++)
			if (controller_table[i].v2 != NULL &&
			    strcmp(word, controller_table[i].v2) == 0)
				mask |= 1U << i;
	return mask;
}

/* Move the processes of a cgroup out of the way of its controllers. */
static int make_room(int dirfd)
{
	autoclose int leaf = -1;

	TRY(cgdir_make(dirfd, CGROUP_LEAF));
	leaf = cgdir_open(dirfd, CGROUP_LEAF);
	TRY(leaf);
	return cgdir_move(dirfd, leaf);
}

/* Give the controllers to the children of one cgroup. */
static int enable_one(int dirfd, unsigned int controllers, bool may_move)
{
	controllers &= ~cgroup2_controllers(dirfd, "cgroup.subtree_control");
	/* One at a time: a write of several is all or nothing. */
	for (size_t i = 0; i < CONTROLLER_MAX; i++) {
		char text[32];
		int rc;

		if ((controllers >> i & 1) == 0)
			continue;
		snprintf(text, sizeof(text), "+%s", controller_table[i].v2);
		rc = cgdir_write(dirfd, "cgroup.subtree_control", text);
		if (rc == -EBUSY && may_move && make_room(dirfd) >= 0)
			cgdir_write(dirfd, "cgroup.subtree_control", text);
	}
	return 0;
}

/*
 * Give controllers to the cgroup at path: every one above it, from the root on, has to pass them
 * down. Where one above is not ours to write to, it has done so already or it will not; what counts
 * is what has arrived. own: the one whose processes may be moved.
 */
static void enable(const char *path, unsigned int controllers, const char *own)
{
	autofree char *level = xstrdup(path);

	for (char *slash = level; slash != NULL; slash = strchr(slash + 1, '/')) {
		autofree char *full = NULL;
		autoclose int fd = -1;

		*slash = '\0';
		full = absolute(level);
		fd = cgdir_open(AT_FDCWD, full);
		if (fd >= 0)
			enable_one(fd, controllers, own != NULL && strcmp(level, own) == 0);
		*slash = '/';
	}
}

static int refuse_missing(unsigned int controllers)
{
	const char *name = controllers != 0 ? controller_table[__builtin_ctz(controllers)].v2 : "";

	refuse_with(ENOENT, "the controller '%s' is not delegated to you", name);
	if (geteuid() == 0)
		hint("echo +%s > " CGROUP_ROOT "/cgroup.subtree_control, or Delegate=yes in the "
		     "unit that runs berth",
		     name);
	else
		hint("as root: mkdir -p /etc/systemd/system/user@.service.d && printf "
		     "'[Service]\\nDelegate=cpu cpuset io memory pids\\n' > "
		     "/etc/systemd/system/user@.service.d/delegate.conf && systemctl "
		     "daemon-reload; then log in again");
	return -ENOENT;
}

int cgroup2_missing(const struct knobs *knobs, unsigned int controllers)
{
	return knobs_fail_in(knobs, controllers, refuse_missing(controllers));
}

/* Those that engines read from, whatever is limited. */
static unsigned int every_controller(void)
{
	autoclose int root = cgdir_open(AT_FDCWD, CGROUP_ROOT);

	return cgroup2_controllers(root, "cgroup.controllers");
}

/* Where the kernel would rather kill than refuse. */
int cgroup2_check_memory(const struct spec_resources *resources, int dirfd)
{
	int64_t limit = resources->memory_limit;
	char text[32];
	uint64_t used;

	if (!resources->memory_check || limit <= 0 ||
	    cgdir_read(dirfd, "memory.current", text, sizeof(text)) <= 0)
		return 0;
	used = strtoull(text, NULL, 10);
	return used <= (uint64_t)limit
		       ? 0
		       : refuse_with(EBUSY,
				     "linux.resources.memory.limit: %" PRId64
				     " is less than the %" PRIu64 " bytes that are in use",
				     limit, used);
}

/* Where the container goes; *ret_own is the cgroup that may be emptied for it, or NULL. */
static int find_place(const struct spec *spec, char **ret_path, char **ret_own)
{
	autofree char *own = NULL, *full = NULL;
	autoclose int fd = -1;

	if (spec->cgroup.parent != NULL || (spec->cgroup.path != NULL && geteuid() == 0))
		return cgroup_place(spec, CGROUP_PARENT, NULL, ret_path);
	TRY(cgself_own(&own));
	if (spec->cgroup.path != NULL)
		return cgroup_place(spec, own, NULL, ret_path);
	full = absolute(own);
	fd = cgdir_open(AT_FDCWD, full);
	if (spec->cgroup.mode == CGROUP_SPLIT || (fd >= 0 && cgself_is_delegated(fd))) {
		*ret_path = xasprintf("%s/berth-%s", own, spec->id);
		*ret_own = steal(own);
		return 0;
	}
	/* A container's own root looks like the root but has processes. */
	if (geteuid() == 0 && own[0] == '\0')
		*ret_own = xstrdup("");
	return cgroup_place(spec, geteuid() == 0 ? CGROUP_PARENT : own, NULL, ret_path);
}

static int v2_place(const struct spec *spec, char **ret_path)
{
	autofree char *own = NULL;

	return find_place(spec, ret_path, &own);
}

/* No cgroup of our own, which is no fault where nobody asked for limits. */
static int do_without(int rc, const struct knobs *knobs, struct cgroup *cgroup)
{
	unsigned int required = knobs_controllers(knobs, true);

	if (required != 0 && (rc == -EACCES || rc == -EPERM || rc == -EROFS))
		return cgroup2_missing(knobs, required);
	if (required != 0)
		return fail_with(rc, "cannot make '%s%s'", CGROUP_ROOT, cgroup->path);
	xreplace(&cgroup->path, NULL);
	return 0;
}

/* Without the privilege to load the rules, nodes cannot be made either. */
int cgroup2_allow_devices(const struct spec *spec, int dirfd)
{
	const struct spec_resources *resources = &spec->cgroup.resources;
	int rc;

	if (geteuid() != 0 || !cgdevice_needed(spec))
		return 0;
	rc = cgdevice_attach(resources, dirfd);
	if (rc == -EPERM) {
		err_clear();
		return 0;
	}
	return resources->exact ? fail_in(rc, "linux.resources.devices") : rc;
}

static int set_limits(const struct spec *spec, const struct knobs *knobs, const char *own,
		      struct cgroup *cgroup)
{
	unsigned int required = knobs_controllers(knobs, true);
	unsigned int wanted = knobs_controllers(knobs, false), lacking;
	bool is_ours = geteuid() == 0 && (own == NULL || own[0] == '\0');

	if (knobs->exact)
		wanted |= every_controller();
	lacking = wanted & ~cgroup2_controllers(cgroup->fd, "cgroup.controllers");
	/* Not worth moving processes for a limit that nobody asked for. */
	if ((lacking & required) != 0 || (lacking != 0 && is_ours)) {
		enable(cgroup->path, lacking, required != 0 ? own : NULL);
		lacking = wanted & ~cgroup2_controllers(cgroup->fd, "cgroup.controllers");
	}
	if ((lacking & required) != 0)
		return cgroup2_missing(knobs, lacking & required);
	TRY(cgroup2_check_memory(&spec->cgroup.resources, cgroup->fd));
	TRY(knobs_write(knobs, CONTROLLER_MAX, cgroup->fd));
	TRY(cgowner_give(spec, cgroup->fd));
	return cgroup2_allow_devices(spec, cgroup->fd);
}

static int v2_make(const struct spec *spec, struct cgroup *cgroup)
{
	AUTO(knobs) knobs = { 0 };
	autofree char *own = NULL, *full = NULL;
	int rc;

	TRY(knobs_v2(&spec->cgroup.resources, &knobs));
	TRY(find_place(spec, &cgroup->path, &own));
	full = absolute(cgroup->path);
	cgroup->shared = knobs.exact && cgdir_is_populated(AT_FDCWD, full);
	rc = cgdir_make(AT_FDCWD, full);
	if (rc >= 0)
		rc = cgdir_open(AT_FDCWD, full);
	if (rc < 0)
		return do_without(rc, &knobs, cgroup);
	cgroup->fd = rc;
	return set_limits(spec, &knobs, own, cgroup);
}

/* Where the process is: a payload that manages cgroups itself has moved everything to a cgroup of
 * its own below the container's, and only there is room for processes. */
int cgroup2_join(struct cgroup *cgroup, pid_t pid)
{
	autofree char *path = NULL, *full = NULL;
	int fd;

	if (cgself_path(pid, NULL, &path) < 0 || !path_is_within(path, cgroup->path))
		return refuse_with(ESRCH, "the container has ended, or left its cgroup");
	full = absolute(path);
	fd = cgdir_open(AT_FDCWD, full);
	if (fd < 0)
		return fail_with(fd, "cannot open '%s'", full);
	cgroup->fd = fd;
	return 0;
}

static int v2_attach(struct cgroup *cgroup, pid_t pid)
{
	autofree char *full = absolute(cgroup->path);
	autoclose int fd = cgdir_open(AT_FDCWD, full);
	char text[16];
	int rc;

	snprintf(text, sizeof(text), "%d", (int)pid);
	rc = fd >= 0 ? cgdir_write(fd, "cgroup.procs", text) : fd;
	return rc < 0 ? fail_with(rc, "cannot put process %d into '%s'", (int)pid, full) : 0;
}

int cgroup2_update(const struct cgroup *cgroup, pid_t pid, const struct spec_resources *from,
		   const struct spec_resources *to)
{
	AUTO(knobs) before = { 0 }, after = { 0 };
	AUTO(cgchange) change = { 0 };
	autoclose int fd = cgroup2_open(cgroup);
	unsigned int lacking;
	int rc;

	if (fd < 0)
		return refuse_with(ESRCH, "the container has ended");
	TRY(knobs_v2(from, &before));
	TRY(knobs_v2(to, &after));
	cgchange_drop_same(&before, &after);
	lacking = knobs_controllers(&after, true) & ~cgroup2_controllers(fd, "cgroup.controllers");
	if (lacking != 0) {
		enable(cgroup->path, lacking, NULL);
		lacking &= ~cgroup2_controllers(fd, "cgroup.controllers");
	}
	if (lacking != 0)
		return cgroup2_missing(&after, lacking);
	TRY(cgroup2_check_memory(to, fd));
	rc = cgchange_write(&change, &after, CONTROLLER_MAX, fd);
	if (rc < 0)
		cgchange_undo(&change);
	return rc;
}

int cgroup2_open(const struct cgroup *cgroup)
{
	autofree char *full = absolute(cgroup->path);

	return cgdir_open(AT_FDCWD, full);
}

int cgroup2_kill(const struct cgroup *cgroup)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	autofree char *full = absolute(cgroup->path);
	autoclose int fd = cgdir_open(AT_FDCWD, full);

	if (fd < 0 || cgdir_write(fd, "cgroup.kill", "1") == 0)
		return 0;
	for (int round = 0; round < CGROUP_WAIT_MS; round++) {
		if (cgdir_kill(fd) <= 0)
			return 0;
		nanosleep(&pause, NULL);
	}
	return fail_with(EBUSY, "processes in '%s' do not end", full);
}

static int v2_remove(const struct cgroup *cgroup)
{
	autofree char *full = absolute(cgroup->path);

	return cgdir_remove(AT_FDCWD, full, CGROUP_WAIT_MS);
}

int cgroup2_oom(const struct cgroup *cgroup, bool *ret_oom, uint64_t *ret_peak)
{
	autofree char *full = absolute(cgroup->path);
	autoclose int fd = cgdir_open(AT_FDCWD, full);
	char text[512];
	const char *kills;

	if (fd < 0)
		return 0;
	if (cgdir_read(fd, "memory.events", text, sizeof(text)) > 0) {
		kills = strstr(text, "oom_kill ");
		*ret_oom = kills != NULL && strtoull(kills + strlen("oom_kill "), NULL, 10) > 0;
	}
	if (cgdir_read(fd, "memory.peak", text, sizeof(text)) > 0)
		*ret_peak = strtoull(text, NULL, 10);
	return 0;
}

void cgroup2_describe(struct buf *controllers)
{
	autofree char *own = NULL, *full = NULL;
	autoclose int fd = -1;
	char text[CONTROLLERS_TEXT];
	ssize_t len;

	if (geteuid() != 0 && cgself_own(&own) < 0)
		return;
	full = absolute(own != NULL ? own : "");
	fd = cgdir_open(AT_FDCWD, full);
	len = cgdir_read(fd, "cgroup.controllers", text, sizeof(text));
	if (len > 0)
		buf_add(controllers, text, text[len - 1] == '\n' ? (size_t)len - 1 : (size_t)len);
}

const struct cgroup_driver cgroup_driver_v2 = {
	.name = "cgroup2",
	.make = v2_make,
	.place = v2_place,
	.join = cgroup2_join,
	.attach = v2_attach,
	.kill = cgroup2_kill,
	.remove = v2_remove,
	.oom = cgroup2_oom,
	.freeze = cgfreeze_v2,
	.update = cgroup2_update,
	.is_frozen = cgfreeze_is_v2,
	.open = cgroup2_open,
	.describe = cgroup2_describe,
};
