/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <signal.h>

#include "base/err.h"
#include "base/units.h"
#include "command/choice.h"
#include "command/options.h"
#include "container/end.h"
#include "container/event.h"
#include "container/target.h"

/* How long the supervisor of one that was killed is given to clean up, so that what follows finds
 * it ended. */
#define GRACE_USEC 1000000

struct kill_request {
	struct choice choice;
	char *signal;
};

static const struct opt options_kill[] = {
	{ "signal", 's', OPT_STRING, offsetof(struct kill_request, signal), "SIGNAL",
	  "A name, with or without SIG, or a number; KILL if not given", .check = check_signal },
	OPT_END,
};

static bool runs(const struct record *record)
{
	return record->status == RECORD_RUNNING;
}

/* One that is paused hears of what is to end it. */
static bool wakes(const struct record *record, int signal)
{
	return signal == SIGKILL ||
	       signal == (record->stop_signal != 0 ? record->stop_signal : SIGTERM);
}

static int signal_one(struct record *record, int signal)
{
	struct target target = TARGET_INIT;
	int rc;

	/* Between two runs there is nobody to hear it: there is no next one. */
	if (record->restarting && wakes(record, signal))
		return end_ask(record, signal);
	if (wakes(record, signal) && record->status == RECORD_RUNNING && record->pid > 0)
		return end_ask(record, signal) > 0
			       ? 0
			       : refuse_with(ESRCH, "the container '%s' is just ending",
					     record->name);
	rc = target_take(record, &target);
	if (rc >= 0)
		rc = target_signal(&target, signal);
	*record = target.record;
	target.record = (struct record)RECORD_INIT;
	target_release(&target);
	return rc;
}

static int kill_one(const struct host *host, struct record *record, int signal)
{
	autofree char *attribute = xasprintf("signal=%d", signal);

	TRY(signal_one(record, signal));
	event_add_container(host, record, "kill", attribute);
	return 0;
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct kill_request *request = data;
	AUTO(chosen_list) list = { 0 };
	int signal = SIGKILL;
	uint64_t deadline;

	if (request->signal != NULL)
		TRY(units_parse_signal(request->signal, &signal));
	TRY(choice_find(host, "kill", &request->choice, operands, runs, &list));
	for (size_t i = 0; i < list.n; i++)
		if (!list.v[i].failed)
			choice_check(&list, &list.v[i], kill_one(host, &list.v[i].record, signal));
	deadline = end_now() + GRACE_USEC;
	for (size_t i = 0; i < list.n && signal == SIGKILL; i++)
		if (!list.v[i].failed && end_await(&list.v[i].record, deadline) < 0)
			err_clear();
	return choice_print(&list);
}

const struct command command_kill = {
	.name = "kill",
	.alias = "container kill",
	.synopsis = "[OPTIONS] CONTAINER...",
	.summary = "Send a signal to containers",
	.options = (const struct opt *const[]){ options_kill, options_choice, NULL },
	.request_size = sizeof(struct kill_request),
	.operands_max = OPERANDS_ANY,
	.operand_values = VALUES_CONTAINER,
	.run = run,
};
