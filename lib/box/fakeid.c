/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/fakeid.h"

#include <string.h>

#include "base/alloc.h"
#include "box/filtergate.h"
#include "box/profile/default_filter.h"
#include "box/seccomp.h"

_Static_assert(ARRAY_SIZE(fake_filter) <= FAKEID_MAX, "FAKEID_MAX");

unsigned short fakeid_filter(struct sock_filter *ret)
{
	memcpy(ret, fake_filter, sizeof(fake_filter));
	return ARRAY_SIZE(fake_filter);
}

int fakeid_install(void)
{
	return seccomp_set(fake_filter, ARRAY_SIZE(fake_filter));
}
