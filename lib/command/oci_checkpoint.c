/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <errno.h>

#include "base/err.h"

/* Whatever options engines give, the answer is the same. */
static int refuse_checkpoint(const struct host *host, void *data, const struct strvec *operands)
{
	refuse_with(EOPNOTSUPP, "berth does not save or restore running processes");
	hint("use a runtime with CRIU for this container: crun and runc are such");
	return -EOPNOTSUPP;
}

const struct command command_oci_checkpoint = {
	.name = "oci checkpoint",
	.synopsis = "CONTAINER",
	.summary = "Refused: processes cannot be saved",
	.mode = OPT_ONLY_HELP,
	.operands_max = OPERANDS_ANY,
	.run = refuse_checkpoint,
};

const struct command command_oci_restore = {
	.name = "oci restore",
	.synopsis = "CONTAINER",
	.summary = "Refused: processes cannot be restored",
	.mode = OPT_ONLY_HELP,
	.operands_max = OPERANDS_ANY,
	.run = refuse_checkpoint,
};
