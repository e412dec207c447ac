/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "oci/foreground.h"

#include "container/attend.h"

int foreground_attend(const struct spec *spec, struct box *box, int other)
{
	const struct request request = { .tty = spec->process.terminal,
					 .interactive = true,
					 .sig_proxy = true };
	struct attend attend = ATTEND_INIT;
	int rc;

	attend.other = other;
	rc = attend_begin(&attend, &request, box);
	if (rc >= 0)
		rc = attend_run(&attend);
	attend_release(&attend);
	return rc;
}
