/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/remount.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/path.h"
#include "box/events.h"
#include "box/tree.h"

static int open_mount(const struct rootfs *root, const char *path)
{
	autoclose int fd = path_open_in_root(root->fd, path, O_PATH | O_NOFOLLOW, 0);
	struct statx st;

	TRY(fd);
	if (statx(fd, "", AT_EMPTY_PATH, 0, &st) < 0)
		return fail("cannot look at '%s'", path);
	if ((st.stx_attributes & STATX_ATTR_MOUNT_ROOT) == 0)
		return refuse("nothing is mounted there that could be remounted");
	return steal_fd(&fd);
}

static int reconfigure(int target, const struct spec_mount *mount)
{
	autoclose int fs = fspick(target, "", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH);

	if (fs < 0)
		return fail("cannot reconfigure the file system");
	TRY(tree_set_all(fs, mount->type, &mount->data));
	if (fsconfig(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0) < 0)
		return fail_in(tree_fail(fs, mount->type), "remount");
	return 0;
}

int remount_apply(const struct rootfs *root, const struct spec_mount *mount)
{
	autoclose int target = open_mount(root, mount->destination);

	TRY(target);
	if (mount->data.n > 0)
		TRY(reconfigure(target, mount));
	TRY(tree_change_mount(target, mount, 0));
	return events_apply(target, mount, 0);
}
