/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/cgowner.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"

#define LIST "/sys/kernel/cgroup/delegate"
#define MAX_LIST 65536

static bool may_write(const struct spec *spec)
{
	for (size_t i = 0; i < spec->mounts.n; i++) {
		const struct spec_mount *mount = &spec->mounts.v[i];

		if (strncmp(mount->type, "cgroup", strlen("cgroup")) == 0 &&
		    strcmp(mount->destination, "/sys/fs/cgroup") == 0)
			return (mount->attr_set & MOUNT_ATTR_RDONLY) == 0;
	}
	return false;
}

/* The payload's user outside; -1: as it is. */
static int64_t owner(const struct spec *spec)
{
	uid_t uid = spec->process.user.uid;

	if (geteuid() != 0 || !spec->cgroup.resources.exact || spec->ns[NS_CGROUP].mode != NS_NEW ||
	    !may_write(spec))
		return -1;
	switch (spec->ns[NS_USER].mode) {
	case NS_NEW:
		return idmap_to_outside(&spec->idmaps.uid, uid);
	case NS_JOIN:
		return -1;
	default:
		return uid;
	}
}

/* Not every file of the list is in every cgroup. */
int cgowner_give(const struct spec *spec, int dirfd)
{
	static const char fallback[] = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n";
	int64_t uid = owner(spec);
	AUTO(buf) list = BUF_INIT;
	char *state = NULL;

	if (uid <= 0)
		return 0;
	if (fs_read_file(AT_FDCWD, LIST, MAX_LIST, &list) < 0) {
		err_clear();
		buf_clear(&list);
		buf_add_str(&list, fallback);
	}
	if (fchown(dirfd, (uid_t)uid, (gid_t)-1) < 0)
		return fail("cannot give the cgroup to its user");
	for (char *file = strtok_r(list.data, "\n", &state); file != NULL;
	     file = strtok_r(NULL, "\n", &state))
		if (fchownat(dirfd, file, (uid_t)uid, (gid_t)-1, AT_SYMLINK_NOFOLLOW) < 0 &&
		    errno != ENOENT)
			return fail("cannot give the cgroup's '%s' to its user", file);
	return 0;
}
