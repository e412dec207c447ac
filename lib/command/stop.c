/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <signal.h>

#include "base/err.h"
#include "base/units.h"
#include "command/choice.h"
#include "command/options.h"
#include "container/end.h"
#include "container/event.h"

#define TIME_DEFAULT 10
#define TIME_NONE (-2)
#define TIME_MAX 86400
#define USEC_PER_SEC UINT64_C(1000000)

struct stop_request {
	struct choice choice;
	char *signal;
	int64_t time; /* -1: for ever */
};

static const struct opt options_stop[] = {
	{ "ignore", 'i', OPT_FLAG, offsetof(struct stop_request, choice.ignore), NULL,
	  "One that does not exist is no error" },
	{ "signal", 's', OPT_STRING, offsetof(struct stop_request, signal), "SIGNAL",
	  "Ask with this signal, and not with the container's own", .check = check_signal },
	{ "time", 't', OPT_INT, offsetof(struct stop_request, time), "SECONDS",
	  "Kill it after so long; 10 if not given, -1: never", .min = -1, .max = TIME_MAX },
	{ "timeout", 0, OPT_INT, offsetof(struct stop_request, time), "SECONDS", NULL, OPT_ALIAS,
	  .min = -1, .max = TIME_MAX },
	OPT_END,
};

static bool runs(const struct record *record)
{
	return record->status == RECORD_RUNNING;
}

static bool is_pending(const struct chosen *chosen)
{
	return !chosen->failed && !chosen->missing && runs(&chosen->record);
}

/* All are asked before the first one is waited for: ten that do not obey take as long as one. */
static void ask_all(struct chosen_list *list, int wanted)
{
	for (size_t i = 0; i < list->n; i++) {
		struct record *record = &list->v[i].record;
		int own = record->stop_signal != 0 ? record->stop_signal : SIGTERM;

		if (is_pending(&list->v[i]))
			choice_check(list, &list->v[i],
				     end_ask(record, wanted != 0 ? wanted : own));
	}
}

/* Seconds that this one is given; -1: for ever. */
static int64_t time_of(const struct stop_request *request, const struct record *record)
{
	if (request->time != TIME_NONE)
		return request->time;
	return record->stop_timeout >= 0 ? record->stop_timeout : TIME_DEFAULT;
}

static void await_all(const struct host *host, const struct stop_request *request,
		      struct chosen_list *list, uint64_t start)
{
	for (size_t i = 0; i < list->n; i++) {
		struct chosen *chosen = &list->v[i];
		int64_t time = time_of(request, &chosen->record);
		uint64_t deadline = time >= 0 ? start + (uint64_t)time * USEC_PER_SEC : 0;
		int rc = is_pending(chosen) ? end_await(&chosen->record, deadline) : 0;

		if (rc >= 0 && is_pending(chosen))
			event_add_container(host, &chosen->record, "stop", NULL);
		if (rc >= 0)
			chosen->record.status = RECORD_EXITED;
		else if (rc != -EWOULDBLOCK)
			choice_check(list, chosen, rc);
	}
}

static void kill_all(const struct host *host, struct chosen_list *list)
{
	ask_all(list, SIGKILL);
	for (size_t i = 0; i < list->n; i++) {
		bool pending = is_pending(&list->v[i]);
		int rc = pending ? end_kill(&list->v[i].record) : 0;

		if (pending && (rc >= 0 || rc == -ENOENT))
			event_add_container(host, &list->v[i].record, "stop", NULL);
		if (rc != -ENOENT) /* --rm: it is gone */
			choice_check(list, &list->v[i], rc);
	}
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct stop_request *request = data;
	AUTO(chosen_list) list = { 0 };
	uint64_t start;
	int signal = 0;

	if (request->signal != NULL)
		TRY(units_parse_signal(request->signal, &signal));
	TRY(choice_find(host, "stop", &request->choice, operands, runs, &list));
	start = end_now();
	ask_all(&list, signal);
	await_all(host, request, &list, start);
	kill_all(host, &list);
	return choice_print(&list);
}

static void init(void *data)
{
	struct stop_request *request = data;

	request->time = TIME_NONE;
}

const struct command command_stop = {
	.name = "stop",
	.alias = "container stop",
	.synopsis = "[OPTIONS] CONTAINER...",
	.summary = "Ask containers to end, and kill those that do not",
	.options = (const struct opt *const[]){ options_stop, options_choice, NULL },
	.request_size = sizeof(struct stop_request),
	.init = init,
	.operands_max = OPERANDS_ANY,
	.operand_values = VALUES_CONTAINER,
	.run = run,
};
