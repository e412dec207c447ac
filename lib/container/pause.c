/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/pause.h"

#include "base/err.h"
#include "box/cgroup.h"

static int find_cgroup(const struct record *record, struct cgroup *ret_cgroup)
{
	if (record->cgroup != NULL)
		return cgroup_find(record->cgroup, ret_cgroup);
	*ret_cgroup = (struct cgroup)CGROUP_INIT;
	return 0;
}

int pause_set(const struct record *record, bool paused)
{
	struct cgroup cgroup;
	int rc;

	TRY(find_cgroup(record, &cgroup));
	rc = cgroup_freeze(&cgroup, paused);
	cgroup_release(&cgroup);
	return rc;
}

bool pause_is(const struct record *record)
{
	struct cgroup cgroup;
	bool frozen;

	if (record->status != RECORD_RUNNING || record->cgroup == NULL)
		return false;
	if (find_cgroup(record, &cgroup) < 0) {
		err_clear();
		return false;
	}
	frozen = cgroup_is_frozen(&cgroup);
	cgroup_release(&cgroup);
	return frozen;
}

const char *pause_status(const struct record *record)
{
	static const char *const names[] = {
		[RECORD_CREATED] = "created",
		[RECORD_RUNNING] = "running",
		[RECORD_EXITED] = "exited",
	};

	if (record->restarting)
		return "restarting";
	return pause_is(record) ? "paused" : names[record->status];
}
