/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <errno.h>

#include "base/err.h"
#include "base/exit.h"
#include "container/record.h"

static const struct opt options_exists[] = {
	{ "external", 0, OPT_FLAG, 0, NULL, "accepted for the sake of scripts", OPT_HIDDEN },
	OPT_END,
};

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	AUTO(record) record = RECORD_INIT;
	int rc = record_find(host, operands->v[0], &record);

	if (rc != -ENOENT)
		return rc;
	/* That is an answer, not an error. */
	err_clear();
	return EXIT_NO_SUCH;
}

const struct command command_container_exists = {
	.name = "container exists",
	.synopsis = "CONTAINER",
	.summary = "Exit with 0 where a container is there, with 1 where it is not",
	.options = (const struct opt *const[]){ options_exists, NULL },
	.request_size = sizeof(bool),
	.operands_min = 1,
	.operands_max = 1,
	.operand_values = VALUES_CONTAINER,
	.run = run,
};
