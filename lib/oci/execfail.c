/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "oci/execfail.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"

int execfail_explain(const struct box *box, const struct strvec *args, int rc)
{
	autofree char *reason = NULL;
	const char *command;

	if (rc >= 0 || !box->exec_failed || args->n == 0)
		return rc;
	command = args->v[0];
	if (rc == -ENOENT && strchr(command, '/') == NULL)
		return refuse_with(ENOENT, "exec: \"%s\": executable file not found in $PATH",
				   command);
	reason = xstrdup(strerror(-rc));
	reason[0] = (char)tolower((unsigned char)reason[0]);
	return refuse_with(-rc, "exec: \"%s\": %s", command, reason);
}
