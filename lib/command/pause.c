/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/pause.h"

#include "base/err.h"
#include "command/choice.h"
#include "command/command.h"
#include "container/event.h"
#include "container/target.h"

static bool runs(const struct record *record)
{
	return record->status == RECORD_RUNNING && !pause_is(record);
}

/* Both ends are refused where there is nothing to do, as docker does. */
static int set_one(const struct host *host, struct record *record, bool paused)
{
	struct target target = TARGET_INIT;
	int rc = target_take(record, &target);

	if (rc >= 0 && pause_is(&target.record) == paused)
		rc = refuse_with(EALREADY,
				 paused ? "the container '%s' is paused already"
					: "the container '%s' is not paused",
				 target.record.name);
	if (rc >= 0)
		rc = fail_in(pause_set(&target.record, paused), "container '%s'",
			     target.record.name);
	if (rc >= 0)
		event_add_container(host, &target.record, paused ? "pause" : "unpause", NULL);
	target_release(&target);
	return rc;
}

static int set_all(const struct host *host, const struct choice *choice,
		   const struct strvec *operands, bool paused)
{
	AUTO(chosen_list) list = { 0 };

	TRY(choice_find(host, paused ? "pause" : "unpause", choice, operands,
			paused ? runs : pause_is, &list));
	for (size_t i = 0; i < list.n; i++)
		if (!list.v[i].failed)
			choice_check(&list, &list.v[i], set_one(host, &list.v[i].record, paused));
	return choice_print(&list);
}

static int pause_all(const struct host *host, void *data, const struct strvec *operands)
{
	return set_all(host, data, operands, true);
}

static int unpause_all(const struct host *host, void *data, const struct strvec *operands)
{
	return set_all(host, data, operands, false);
}

#define PAUSE(word, text, function) \
	{ \
		.name = (word), .alias = "container " word, .synopsis = "[OPTIONS] CONTAINER...", \
		.summary = (text), .options = (const struct opt *const[]){ options_choice, NULL }, \
		.request_size = sizeof(struct choice), .operands_max = OPERANDS_ANY, \
		.operand_values = VALUES_CONTAINER, .run = (function), \
	}

const struct command command_pause = PAUSE("pause", "Stop all processes of containers", pause_all);
const struct command command_unpause = PAUSE("unpause", "Let paused containers go on", unpause_all);
