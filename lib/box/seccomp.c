/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/seccomp.h"

#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "box/fakeid.h"

static int filter_install(const struct sock_filter *filter, unsigned short len)
{
	const struct sock_fprog program = { .len = len, .filter = (struct sock_filter *)filter };

	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_LOG, &program) < 0)
		return fail("cannot install the system call filter");
	return 0;
}

int seccomp_install(const struct spec *spec)
{
	if (spec->seccomp.mode == SECCOMP_PROFILE)
		TRY(filter_install(spec->seccomp.filter, spec->seccomp.filter_len));
	if (spec->seccomp.fake_owner)
		TRY(fakeid_install());
	return 0;
}
