/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cgroup v1 and hybrid hierarchies, as root: only those that are needed, because each costs a
 * directory, a move and a removal. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "box/cgchange.h"
#include "box/cgdevice.h"
#include "box/cgdir.h"
#include "box/cgdriver.h"
#include "box/cgknob.h"
#include "box/cgself.h"

static char *hierarchy(size_t controller, const char *path)
{
	return xasprintf("%s/%s%s", CGROUP_ROOT, controller_table[controller].v1, path);
}

static bool uses(const struct cgroup *cgroup, size_t controller)
{
	return controller_table[controller].v1 != NULL &&
	       (cgroup->controllers >> controller & 1) != 0;
}

/* The directory in one hierarchy, where the cgroup has one. */
static int open_one(const struct cgroup *cgroup, size_t controller)
{
	autofree char *path = NULL;

	if (!uses(cgroup, controller))
		return -ENOENT;
	path = hierarchy(controller, cgroup->path);
	return cgdir_open(AT_FDCWD, path);
}

int cgroup1_open(const struct cgroup *cgroup, size_t controller)
{
	return open_one(cgroup, controller);
}

int cgroup1_open_any(const struct cgroup *cgroup)
{
	int fd = -ENOENT;

	for (size_t i = 0; i < CONTROLLER_MAX && fd < 0; i++)
		fd = open_one(cgroup, i);
	return fd;
}

/* A new cpuset is empty, and nothing can be put there before it has its parent's processors. */
static int cpuset_inherit(const char *path)
{
	static const char *const files[] = { "cpuset.cpus", "cpuset.mems" };
	autofree char *level = hierarchy(CONTROLLER_CPUSET, path);
	size_t top = strlen(CGROUP_ROOT "/cpuset");

	for (char *slash = level + top; slash != NULL; slash = strchr(slash + 1, '/')) {
		char *next = strchr(slash + 1, '/');
		autoclose int parent = -1, child = -1;

		*slash = '\0';
		parent = cgdir_open(AT_FDCWD, level);
		*slash = '/';
		if (next != NULL)
			*next = '\0';
		child = cgdir_open(AT_FDCWD, level);
		if (next != NULL)
			*next = '/';
		for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
			char text[4096];

			if (cgdir_read(child, files[i], text, sizeof(text)) > 1)
				continue;
			if (cgdir_read(parent, files[i], text, sizeof(text)) < 0 ||
			    cgdir_write(child, files[i], text) < 0)
				return fail("cannot set '%s' of '%s'", files[i], level);
		}
	}
	return 0;
}

static int refuse_missing(size_t controller, int rc)
{
	const char *name = controller_table[controller].v1;

	if (rc == -ENOENT) {
		refuse_with(ENOENT, "the cgroup controller '%s' is not mounted", name);
		hint("mkdir -p %s/%s && mount -t cgroup -o %s cgroup %s/%s, or leave the limits "
		     "out that need it",
		     CGROUP_ROOT, name, name, CGROUP_ROOT, name);
		return -ENOENT;
	}
	fail_with(rc, "cannot make a cgroup for the controller '%s'", name);
	if (rc == -EACCES || rc == -EPERM || rc == -EROFS)
		hint("with cgroup v1 only root can set limits: run berth as root, boot with "
		     "systemd.unified_cgroup_hierarchy=1, or leave the limits out");
	return rc;
}

static int missing(const struct knobs *knobs, size_t controller, int rc)
{
	rc = refuse_missing(controller, rc);
	if (controller == CONTROLLER_DEVICES && knobs->exact)
		return fail_in(rc, "linux.resources.devices");
	return knobs_fail_in(knobs, 1U << controller, rc);
}

static bool is_mounted(size_t controller)
{
	autofree char *path = hierarchy(controller, "/cgroup.procs");

	return access(path, F_OK) == 0;
}

static int make_one(const struct spec *spec, const struct knobs *knobs, size_t controller,
		    struct cgroup *cgroup)
{
	autofree char *path = hierarchy(controller, cgroup->path);
	autoclose int fd = -1;
	int rc = knobs->exact && !is_mounted(controller) ? -ENOENT : cgdir_make(AT_FDCWD, path);

	if (rc < 0)
		return missing(knobs, controller, rc);
	cgroup->controllers |= 1U << controller;
	if (controller == CONTROLLER_CPUSET)
		TRY(cpuset_inherit(cgroup->path));
	fd = cgdir_open(AT_FDCWD, path);
	if (fd < 0)
		return missing(knobs, controller, fd);
	if (controller == CONTROLLER_DEVICES)
		return cgdevice_needed(spec) ? cgdevice_write(&spec->cgroup.resources, fd) : 0;
	return knobs_write(knobs, (enum controller)controller, fd);
}

static int v1_place(const struct spec *spec, char **ret_path)
{
	return cgroup_place(spec, CGROUP_PARENT, "pids", ret_path);
}

/* Somebody else's processes are there already: the cgroup is not ours to kill or to remove. */
static bool is_populated(const struct cgroup *cgroup)
{
	bool populated = false;

	for (size_t i = 0; i < CONTROLLER_MAX && !populated; i++) {
		autofree char *path =
			controller_table[i].v1 != NULL ? hierarchy(i, cgroup->path) : NULL;

		populated = path != NULL && cgdir_is_populated(AT_FDCWD, path);
	}
	return populated;
}

/* Engines read what a container uses from whatever hierarchy tells it. */
static unsigned int every_hierarchy(void)
{
	unsigned int all = 0;

	for (size_t i = 0; i < CONTROLLER_MAX; i++)
		if (controller_table[i].v1 != NULL)
			all |= 1U << i;
	return all;
}

/* Rules of devices for who has no rights in this hierarchy, and need not be denied anything. */
static bool is_spared(size_t controller, int rc)
{
	return controller == CONTROLLER_DEVICES &&
	       (rc == -EACCES || rc == -EPERM || rc == -EROFS) && cgdevice_spared();
}

static int v1_make(const struct spec *spec, struct cgroup *cgroup)
{
	AUTO(knobs) knobs = { 0 };
	unsigned int required, wanted;

	TRY(knobs_v1(&spec->cgroup.resources, &knobs));
	TRY(v1_place(spec, &cgroup->path));
	required = knobs_controllers(&knobs, true);
	wanted = knobs_controllers(&knobs, false);
	/* Nobody asked, but without them the container would get more than it should. */
	if (cgdevice_needed(spec)) {
		wanted |= 1U << CONTROLLER_DEVICES;
		required |= 1U << CONTROLLER_DEVICES;
	}
	if (knobs.exact) {
		wanted |= every_hierarchy();
		cgroup->shared = is_populated(cgroup);
	}
	for (size_t i = 0; i < CONTROLLER_MAX; i++) {
		int rc = (wanted >> i & 1) != 0 ? make_one(spec, &knobs, i, cgroup) : 0;

		if (rc < 0 && (required >> i & 1) != 0 && !is_spared(i, rc))
			return rc;
		if (rc < 0)
			err_clear();
	}
	if (cgroup->controllers == 0)
		xreplace(&cgroup->path, NULL);
	return 0;
}

/* The hierarchies in which it has a directory. */
static int v1_join(struct cgroup *cgroup, pid_t pid)
{
	unsigned int found = 0;

	for (size_t i = 0; i < CONTROLLER_MAX; i++) {
		autoclose int fd = open_one(cgroup, i);

		if (fd >= 0)
			found |= 1U << i;
	}
	cgroup->controllers = found;
	return found != 0 ? 0 : refuse_with(ESRCH, "the container has ended");
}

/* A hierarchy that an update takes a container into. */
struct entered {
	int to, from; /* the directory there, and where its processes were; -1: none */
	char *path;   /* of the new one */
};

/* Its directory, with the limits in it, before a process is there; then its processes, from the
 * cgroup that they were in without having been put there. */
static int enter_hierarchy(const struct cgroup *cgroup, pid_t pid, const struct knobs *knobs,
			   size_t controller, struct entered *entered)
{
	autofree char *own = NULL, *path = NULL;
	autoclose int all = cgroup1_open_any(cgroup);
	int rc;

	TRY(cgself_path(pid, controller_table[controller].v1, &own));
	path = hierarchy(controller, own);
	entered->from = cgdir_open(AT_FDCWD, path);
	if (entered->from < 0 || all < 0)
		return refuse_with(ESRCH, "the container has ended");
	entered->path = hierarchy(controller, cgroup->path);
	rc = cgdir_make(AT_FDCWD, entered->path);
	if (rc < 0)
		return missing(knobs, controller, rc);
	if (controller == CONTROLLER_CPUSET)
		TRY(cpuset_inherit(cgroup->path));
	entered->to = cgdir_open(AT_FDCWD, entered->path);
	if (entered->to < 0)
		return missing(knobs, controller, entered->to);
	TRY(knobs_write(knobs, (enum controller)controller, entered->to));
	rc = cgdir_gather(all, entered->to);
	return rc < 0 ? fail_with(rc, "cannot move the container to '%s'", entered->path) : 0;
}

static void leave_hierarchy(struct entered *entered)
{
	if (entered->to >= 0 && entered->from >= 0)
		cgdir_gather(entered->to, entered->from);
	if (entered->path != NULL)
		cgdir_remove(AT_FDCWD, entered->path, 0);
}

static int update_one(const struct cgroup *cgroup, pid_t pid, const struct knobs *knobs,
		      size_t controller, struct cgchange *change, struct entered *entered)
{
	const unsigned int required = knobs_controllers(knobs, true);
	autoclose int fd = open_one(cgroup, controller);

	if (fd >= 0)
		return cgchange_write(change, knobs, (enum controller)controller, fd);
	/* Not worth a hierarchy of its own. */
	if ((required >> controller & 1) == 0)
		return 0;
	return enter_hierarchy(cgroup, pid, knobs, controller, entered);
}

static int update_all(const struct cgroup *cgroup, pid_t pid, const struct knobs *knobs,
		      struct cgchange *change, struct entered entered[CONTROLLER_MAX])
{
	const unsigned int wanted = knobs_controllers(knobs, false);

	for (size_t i = 0; i < CONTROLLER_MAX; i++)
		if ((wanted >> i & 1) != 0)
			TRY(update_one(cgroup, pid, knobs, i, change, &entered[i]));
	return 0;
}

static int v1_update(const struct cgroup *cgroup, pid_t pid, const struct spec_resources *from,
		     const struct spec_resources *to)
{
	struct entered entered[CONTROLLER_MAX];
	AUTO(knobs) before = { 0 }, after = { 0 };
	AUTO(cgchange) change = { 0 };
	int rc;

	TRY(knobs_v1(from, &before));
	TRY(knobs_v1(to, &after));
	cgchange_drop_same(&before, &after);
	for (size_t i = 0; i < CONTROLLER_MAX; i++)
		entered[i] = (struct entered){ -1, -1, NULL };
	rc = update_all(cgroup, pid, &after, &change, entered);
	if (rc < 0)
		cgchange_undo(&change);
	for (size_t i = 0; i < CONTROLLER_MAX; i++) {
		if (rc < 0)
			leave_hierarchy(&entered[i]);
		cleanup_close(&entered[i].to);
		cleanup_close(&entered[i].from);
		free(entered[i].path);
	}
	return rc;
}

/* "0" in `tasks`: a thread that moves itself need not wait until no other thread of the system is
 * in a fork or an exec (Linux 5.18), as the move of another process must. */
static int v1_enter(const struct cgroup *cgroup)
{
	for (size_t i = 0; i < CONTROLLER_MAX; i++) {
		autoclose int fd = open_one(cgroup, i);
		int rc;

		if (!uses(cgroup, i))
			continue;
		rc = fd >= 0 ? cgdir_write(fd, "tasks", "0") : fd;
		if (rc < 0)
			fail_with(rc, "cannot enter the cgroup '%s' of '%s'", cgroup->path,
				  controller_table[i].v1);
		if (rc == -ENOSPC)
			hint("its cpuset.cpus and cpuset.mems are empty: those of the cgroup above "
			     "it serve");
		TRY(rc);
	}
	return 0;
}

static int v1_attach(struct cgroup *cgroup, pid_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", (int)pid);
	for (size_t i = 0; i < CONTROLLER_MAX; i++) {
		autoclose int fd = open_one(cgroup, i);
		int rc;

		if (!uses(cgroup, i))
			continue;
		rc = fd >= 0 ? cgdir_write(fd, "cgroup.procs", text) : fd;
		if (rc < 0)
			return fail_with(rc,
					 "cannot put the container into the cgroup '%s' of '%s'",
					 cgroup->path, controller_table[i].v1);
	}
	return 0;
}

/* In every hierarchy: of a killed supervisor's container it is not known which ones it was in. */
static int kill_everywhere(const struct cgroup *cgroup)
{
	int total = 0;

	for (size_t i = 0; i < CONTROLLER_MAX; i++) {
		autoclose int fd = open_one(cgroup, i);
		int n = fd >= 0 ? cgdir_kill(fd) : 0;

		total += n > 0 ? n : 0;
	}
	return total;
}

static int v1_kill(const struct cgroup *cgroup)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	/* What is frozen does not die. */
	TRY(cgfreeze_v1(cgroup, false));
	for (int round = 0; round < CGROUP_WAIT_MS; round++) {
		if (kill_everywhere(cgroup) == 0)
			return 0;
		nanosleep(&pause, NULL);
	}
	return fail_with(EBUSY, "processes in the cgroup '%s' do not end", cgroup->path);
}

static int v1_remove(const struct cgroup *cgroup)
{
	int rc = cgfreeze_remove_v1(cgroup);

	for (size_t i = 0; i < CONTROLLER_MAX; i++) {
		autofree char *path = NULL;
		int one;

		if (!uses(cgroup, i))
			continue;
		path = hierarchy(i, cgroup->path);
		one = cgdir_remove(AT_FDCWD, path, CGROUP_WAIT_MS);
		rc = one < 0 ? one : rc;
	}
	return rc;
}

/* One look for processes costs as much as ten attempts to remove a directory. */
static bool v1_is_vacated(const struct cgroup *cgroup)
{
	for (size_t i = 0; i < CONTROLLER_MAX; i++) {
		autofree char *path = uses(cgroup, i) ? hierarchy(i, cgroup->path) : NULL;

		if (path != NULL && unlinkat(AT_FDCWD, path, AT_REMOVEDIR) < 0 && errno != ENOENT)
			return false;
	}
	return true;
}

static int v1_oom(const struct cgroup *cgroup, bool *ret_oom, uint64_t *ret_peak)
{
	autoclose int fd = open_one(cgroup, CONTROLLER_MEMORY);
	char text[512];
	const char *kills;

	if (fd < 0)
		return 0;
	if (cgdir_read(fd, "memory.oom_control", text, sizeof(text)) > 0) {
		kills = strstr(text, "oom_kill ");
		*ret_oom = kills != NULL && strtoull(kills + strlen("oom_kill "), NULL, 10) > 0;
	}
	if (cgdir_read(fd, "memory.max_usage_in_bytes", text, sizeof(text)) > 0)
		*ret_peak = strtoull(text, NULL, 10);
	return 0;
}

static void v1_describe(struct buf *controllers)
{
	for (size_t i = 0; i < CONTROLLER_MAX; i++) {
		autofree char *path =
			controller_table[i].v1 != NULL ? hierarchy(i, "/cgroup.procs") : NULL;

		if (path != NULL && access(path, F_OK) == 0)
			buf_addf(controllers, "%s%s", controllers->len > 0 ? " " : "",
				 controller_table[i].v1);
	}
}

const struct cgroup_driver cgroup_driver_v1 = {
	.name = "cgroup1",
	.make = v1_make,
	.place = v1_place,
	.join = v1_join,
	.enter = v1_enter,
	.attach = v1_attach,
	.kill = v1_kill,
	.remove = v1_remove,
	.is_vacated = v1_is_vacated,
	.oom = v1_oom,
	.freeze = cgfreeze_v1,
	.update = v1_update,
	.is_frozen = cgfreeze_is_v1,
	.open = cgroup1_open_any,
	.describe = v1_describe,
};
