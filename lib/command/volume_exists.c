/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <errno.h>

#include "base/err.h"
#include "base/exit.h"
#include "container/volume.h"

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	AUTO(volume) volume = VOLUME_INIT;
	AUTO(store) store = STORE_INIT;
	int rc;

	TRY(store_open(host, &store));
	rc = volume_open(&store, operands->v[0], false, &volume);
	if (rc != -ENOENT)
		return rc;
	/* That is an answer, not an error. */
	err_clear();
	return EXIT_NO_SUCH;
}

const struct command command_volume_exists = {
	.name = "volume exists",
	.synopsis = "VOLUME",
	.summary = "Exit with 0 where a volume is there, with 1 where it is not",
	.operands_min = 1,
	.operands_max = 1,
	.operand_values = VALUES_VOLUME,
	.run = run,
};
