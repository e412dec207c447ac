/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/fakeid.h"

#include <fcntl.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/path.h"
#include "box/filtergate.h"
#include "box/profile/default_filter.h"
#include "box/seccomp.h"

_Static_assert(ARRAY_SIZE(fake_filter) <= FAKEID_MAX, "FAKEID_MAX");

unsigned short fakeid_filter(struct sock_filter *ret)
{
	memcpy(ret, fake_filter, sizeof(fake_filter));
	return ARRAY_SIZE(fake_filter);
}

int fakeid_settle(const struct spec *spec, int rootfd)
{
	static const char text[] = "// One id is mapped here: there is nobody to become.\n"
				   "APT::Sandbox::User \"root\";\n";
	autoclose int dir = -1, fd = -1;

	if (!spec->seccomp.fake_owner || spec->root.readonly ||
	    (spec->root.kind == ROOT_DIRECTORY && spec->root.upper == NULL))
		return 0;
	dir = path_try_open_in_root(rootfd, "/etc/apt/apt.conf.d", O_RDONLY | O_DIRECTORY);
	if (dir < 0)
		return 0;
	/* One that is there is the image's word. */
	fd = openat(dir, "01-berth-sandbox", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		    0644);
	if (fd < 0)
		return 0;
	return fs_write_all(fd, text, strlen(text), "/etc/apt/apt.conf.d/01-berth-sandbox");
}

int fakeid_install(void)
{
	return seccomp_set(fake_filter, ARRAY_SIZE(fake_filter));
}
