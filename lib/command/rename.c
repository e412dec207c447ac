/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <string.h>

#include "base/err.h"
#include "container/claim.h"
#include "container/event.h"
#include "container/names.h"
#include "container/record.h"

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const char *name = operands->v[1];
	AUTO(record) record = RECORD_INIT;
	autofree char *was = NULL;

	TRY(name_check(name));
	TRY(record_find(host, operands->v[0], &record));
	if (record.name != NULL && strcmp(record.name, name) == 0)
		return refuse("the container is called '%s' already", name);
	was = xasprintf("oldName=%s", record.name != NULL ? record.name : "");
	TRY(claim_rename(host, &record, name));
	xreplace(&record.name, name);
	event_add_container(host, &record, "rename", was);
	return 0;
}

const struct command command_rename = {
	.name = "rename",
	.alias = "container rename",
	.synopsis = "CONTAINER NAME",
	.summary = "Give a container another name",
	.operands_min = 2,
	.operands_max = 2,
	.operand_values = VALUES_CONTAINER,
	.run = run,
};
