/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include "base/err.h"
#include "command/choice.h"
#include "container/event.h"

struct cleanup_request {
	struct choice choice;
	bool remove;
};

static const struct opt options_cleanup[] = {
	{ "rm", 0, OPT_FLAG, offsetof(struct cleanup_request, remove), NULL,
	  "Remove them after that" },
	OPT_END,
};

static bool has_ended(const struct record *record)
{
	return record->status != RECORD_RUNNING;
}

/* Whoever finds the record of one whose supervisor was killed does that supervisor's work: there is
 * nothing left to do here, unless it runs. */
static int clean(const struct host *host, struct record *record, bool remove)
{
	if (!has_ended(record)) {
		refuse_with(EBUSY, "the container '%s' is running", record->name);
		hint("'berth stop %s' ends it", record->name);
		return -EBUSY;
	}
	event_add_container(host, record, "cleanup", NULL);
	if (!remove)
		return 0;
	TRY(record_remove(host, record, false));
	event_removed(host, record);
	return 0;
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct cleanup_request *request = data;
	AUTO(chosen_list) list = { 0 };

	TRY(choice_find(host, "container cleanup", &request->choice, operands, has_ended, &list));
	for (size_t i = 0; i < list.n; i++)
		if (!list.v[i].failed)
			choice_check(&list, &list.v[i],
				     clean(host, &list.v[i].record, request->remove));
	return choice_print(&list);
}

const struct command command_container_cleanup = {
	.name = "container cleanup",
	.synopsis = "[OPTIONS] CONTAINER...",
	.summary = "End what killed supervisors left of containers",
	.options = (const struct opt *const[]){ options_cleanup, options_choice, NULL },
	.request_size = sizeof(struct cleanup_request),
	.operands_max = OPERANDS_ANY,
	.operand_values = VALUES_CONTAINER,
	.run = run,
};
