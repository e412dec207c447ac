/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <errno.h>

#include "base/err.h"
#include "base/exit.h"
#include "container/secret.h"

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	AUTO(secret) secret = SECRET_INIT;
	int rc = secret_find(host, operands->v[0], false, &secret);

	if (rc != -ENOENT)
		return rc;
	/* That is an answer, not an error. */
	err_clear();
	return EXIT_NO_SUCH;
}

const struct command command_secret_exists = {
	.name = "secret exists",
	.synopsis = "SECRET",
	.summary = "Exit with 0 where a secret is there, with 1 where it is not",
	.operands_min = 1,
	.operands_max = 1,
	.operand_values = VALUES_SECRET,
	.run = run,
};
