/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/bundlepart.h"

#include "base/err.h"

int bundle_part_seccomp(const cJSON *seccomp, struct spec *spec)
{
	(void)seccomp;
	(void)spec;
	return 0;
}
