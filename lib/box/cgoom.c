/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/cgoom.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "box/cgdir.h"
#include "box/cgdriver.h"
#include "box/cgknob.h"
#include "box/cgread.h"

#define CONTROL "memory.oom_control" /* v1 */
#define EVENTS "memory.events"       /* v2 */

static uint64_t count(const struct cgoom *oom)
{
	uint64_t kills = cgread_keyed(oom->dir, EVENTS, "oom_kill");

	return kills < CGUSAGE_NONE ? kills : oom->seen;
}

/* "EVENTFD OOM_CONTROL" in cgroup.event_control; the kernel keeps it as long as the eventfd is
 * open. */
static int open_v1(const struct cgroup *cgroup, struct cgoom *oom)
{
	autoclose int control = -1;
	char text[32];
	int rc;

	oom->dir = cgroup1_open(cgroup, CONTROLLER_MEMORY);
	if (oom->dir < 0)
		return refuse_with(ENOENT, "the container has no cgroup of the controller "
					   "'memory'");
	control = openat(oom->dir, CONTROL, O_RDONLY | O_CLOEXEC);
	oom->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (control < 0 || oom->fd < 0)
		return fail("cannot watch '" CONTROL "' of '%s'", cgroup->path);
	snprintf(text, sizeof(text), "%d %d", oom->fd, control);
	rc = cgdir_write(oom->dir, "cgroup.event_control", text);
	return rc < 0 ? fail_with(rc, "cannot watch '" CONTROL "' of '%s'", cgroup->path) : 0;
}

static int open_v2(const struct cgroup *cgroup, struct cgoom *oom)
{
	autofree char *file = xasprintf(CGROUP_ROOT "%s/" EVENTS, cgroup->path);

	oom->dir = cgroup2_open(cgroup);
	oom->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (oom->dir < 0 || oom->fd < 0 || inotify_add_watch(oom->fd, file, IN_MODIFY) < 0)
		return fail("cannot watch '%s'", file);
	oom->seen = count(oom);
	return 0;
}

int cgoom_open(const struct cgroup *cgroup, struct cgoom *ret_oom)
{
	struct cgoom oom = CGOOM_INIT;
	int rc;

	if (cgroup->path == NULL)
		return cgroup_refuse_none("a watch of its memory");
	oom.v1 = cgroup->driver == &cgroup_driver_v1;
	rc = oom.v1 ? open_v1(cgroup, &oom) : open_v2(cgroup, &oom);
	if (rc < 0) {
		cgoom_release(&oom);
		return rc;
	}
	*ret_oom = oom;
	return 0;
}

/* v1 wakes up as well when the cgroup is removed. */
int cgoom_take(struct cgoom *oom)
{
	char events[4096] __attribute__((aligned(8)));
	uint64_t before = oom->seen;
	ssize_t len = read(oom->fd, events, oom->v1 ? sizeof(uint64_t) : sizeof(events));

	if (oom->v1)
		return len > 0 && faccessat(oom->dir, CONTROL, F_OK, 0) == 0 ? 1 : 0;
	oom->seen = count(oom);
	return oom->seen > before ? (int)(oom->seen - before) : 0;
}

void cgoom_release(struct cgoom *oom)
{
	cleanup_close(&oom->fd);
	cleanup_close(&oom->dir);
	*oom = (struct cgoom)CGOOM_INIT;
}
