/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/out.h"
#include "command/choice.h"
#include "container/waiter.h"

struct wait_request {
	struct choice choice;
	int condition;
	uint64_t interval;
};

static const struct opt options_wait[] = {
	{ "condition", 0, OPT_CHOICE, offsetof(struct wait_request, condition), "CONDITION",
	  "What to wait for: stopped, exited, running, removed, healthy, unhealthy",
	  .values = VALUES_WORDS, .words = "stopped|exited|running|removed|healthy|unhealthy" },
	{ "ignore", 0, OPT_FLAG, offsetof(struct wait_request, choice.ignore), NULL,
	  "One that does not exist has the status -1 and is no error" },
	{ "interval", 'i', OPT_DURATION, offsetof(struct wait_request, interval), "TIME",
	  "Accepted for the sake of scripts: nobody looks at intervals" },
	OPT_END,
};

static enum waiter_condition condition_of(const struct wait_request *request)
{
	static const enum waiter_condition conditions[] = { WAITER_STOPPED, WAITER_STOPPED,
							    WAITER_RUNNING, WAITER_REMOVED,
							    WAITER_HEALTHY, WAITER_UNHEALTHY };

	return conditions[request->condition];
}

struct waits {
	struct waiter *v;
	size_t n;
};

static void waits_release(struct waits *waits)
{
	for (size_t i = 0; i < waits->n; i++)
		waiter_release(&waits->v[i]);
	free(waits->v);
}

/* All begin before the first is waited for: none of their ends is missed. */
static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct wait_request *request = data;
	AUTO(chosen_list) list = { 0 };
	AUTO(waits) waits = { 0 };

	TRY(choice_find(host, "wait", &request->choice, operands, NULL, &list));
	for (size_t i = 0; i < list.n; i++)
		waiter_begin(&list.v[i].record, VEC_PUSH(&waits));
	for (size_t i = 0; i < list.n; i++) {
		int code = -1;

		if (!list.v[i].missing &&
		    !choice_check(&list, &list.v[i],
				  waiter_wait(&waits.v[i], condition_of(request), &code)))
			continue;
		if (!list.v[i].failed)
			TRY(out_line("%d", code));
	}
	return list.status;
}

const struct command command_wait = {
	.name = "wait",
	.alias = "container wait",
	.synopsis = "[OPTIONS] CONTAINER...",
	.summary = "Wait for the end of containers, and print their exit statuses",
	.options = (const struct opt *const[]){ options_wait, options_choice, NULL },
	.request_size = sizeof(struct wait_request),
	.operands_max = OPERANDS_ANY,
	.operand_values = VALUES_CONTAINER,
	.run = run,
};
