/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/clocks.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "spec/names.h"

static const char *const names[CLOCK_KIND_MAX] = {
	[CLOCK_KIND_MONOTONIC] = "monotonic",
	[CLOCK_KIND_BOOTTIME] = "boottime",
};

bool clocks_are_set(const struct spec *spec)
{
	for (int kind = 0; kind < CLOCK_KIND_MAX; kind++)
		if (spec->clocks[kind].set)
			return true;
	return false;
}

static int set_one(enum clock_kind kind, const struct spec_clock *clock)
{
	autoclose int fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
	autofree char *line = xasprintf("%s %" PRId64 " %" PRIu32 "\n", names[kind], clock->secs,
					clock->nanosecs);

	if (fd < 0)
		return fail("cannot open '/proc/self/timens_offsets'");
	if (write(fd, line, strlen(line)) >= 0)
		return 0;
	fail("cannot set the clock '%s'", names[kind]);
	if (errno == ERANGE)
		hint("a clock may be neither negative nor more than 146 years ahead");
	return -errno;
}

int clocks_make(const struct spec *spec)
{
	if (!clocks_are_set(spec))
		return 0;
	if (unshare((int)ns_table[NS_TIME].clone_flag) < 0)
		return fail("linux.timeOffsets: cannot make the time namespace");
	for (int kind = 0; kind < CLOCK_KIND_MAX; kind++)
		if (spec->clocks[kind].set)
			TRY(fail_in(set_one((enum clock_kind)kind, &spec->clocks[kind]),
				    "linux.timeOffsets"));
	return 0;
}

int clocks_enter(const struct spec *spec)
{
	autoclose int fd = -1;

	if (!clocks_are_set(spec))
		return 0;
	TRY(clocks_make(spec));
	fd = open("/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, (int)ns_table[NS_TIME].clone_flag) < 0)
		return fail("cannot enter the time namespace");
	return 0;
}
