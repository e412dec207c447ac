/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/cgroup.h"

#include <unistd.h>

#include "base/err.h"

struct cgroup_driver {
	const char *name;
};

static const struct cgroup_driver driver_none = { .name = "none" };

int cgroup_make(const struct spec *spec, struct cgroup *ret_cgroup)
{
	*ret_cgroup = (struct cgroup)CGROUP_INIT;
	ret_cgroup->driver = &driver_none;
	return 0;
}

int cgroup_attach(struct cgroup *cgroup, pid_t pid)
{
	return 0;
}

int cgroup_kill(const struct cgroup *cgroup)
{
	return 0;
}

void cgroup_remove(struct cgroup *cgroup)
{
}

int cgroup_oom(const struct cgroup *cgroup, bool *ret_oom, uint64_t *ret_peak)
{
	*ret_oom = false;
	*ret_peak = 0;
	return 0;
}

void cgroup_release(struct cgroup *cgroup)
{
	free(cgroup->path);
	if (cgroup->fd >= 0)
		close(cgroup->fd);
	*cgroup = (struct cgroup)CGROUP_INIT;
}

int cgroup_describe(bool rootless, struct buf *version, struct buf *driver, struct buf *controllers)
{
	buf_add_str(version, "none");
	buf_add_str(driver, "none");
	return 0;
}
