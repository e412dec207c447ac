/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/nsfile.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/fs.h"
#include "spec/names.h"

int nsfile_open(const struct spec *spec, enum ns_kind kind)
{
	const char *path = spec->ns[kind].path;
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int type;

	if (fd < 0)
		return fail("cannot open the %s namespace '%s'", ns_table[kind].type, path);
	type = ioctl(fd, NS_GET_NSTYPE);
	if (type < 0)
		return refuse("'%s', for the %s namespace, is no namespace", path,
			      ns_table[kind].type);
	if (type == (int)ns_table[kind].clone_flag)
		return steal_fd(&fd);
	for (int other = 0; other < NS_MAX; other++)
		if (type == (int)ns_table[other].clone_flag)
			return refuse("'%s' is a %s namespace and not a %s namespace", path,
				      ns_table[other].type, ns_table[kind].type);
	return refuse("'%s' is not a %s namespace", path, ns_table[kind].type);
}

static bool is_own(int fd, enum ns_kind kind)
{
	autofree char *own = xasprintf("/proc/self/ns/%s", ns_table[kind].proc_name);
	struct stat theirs, ours;

	return fstat(fd, &theirs) == 0 && stat(own, &ours) == 0 && theirs.st_dev == ours.st_dev &&
	       theirs.st_ino == ours.st_ino;
}

int nsfile_join(const struct spec *spec, enum ns_kind kind, bool quiet)
{
	autoclose int fd = nsfile_open(spec, kind);

	TRY(fd);
	/* Of a process namespace the children join one, and of no other does the kernel mind. */
	if (kind == NS_USER && is_own(fd, kind))
		return 0;
	if (setns(fd, (int)ns_table[kind].clone_flag) == 0)
		return 0;
	if (quiet && errno == EPERM)
		return -EPERM;
	return fail("cannot join the %s namespace '%s'", ns_table[kind].type, spec->ns[kind].path);
}

bool nsfile_is_callers(const struct spec *spec, enum ns_kind kind)
{
	autoclose int fd = -1;

	if (spec->ns[kind].mode != NS_JOIN)
		return spec->ns[kind].mode == NS_HOST;
	/* What cannot be opened is said when it is joined. */
	fd = open(spec->ns[kind].path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	return fd >= 0 && is_own(fd, kind);
}
