/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_UPKEEP_H
#define BERTH_CONTAINER_UPKEEP_H

#include <signal.h>

#include "container/health.h"
#include "container/record.h"

/*
 * What a supervisor has to do for its container while that runs, and when it ends, and what may be
 * changed meanwhile: upkeep.json in the container's directory, replaced whole by who makes or
 * updates the container, and only read by the supervisor: at each start, and when it is told to by
 * upkeep_tell(). Most containers have none.
 */
struct upkeep {
	char *restart; /* the policy since an update; NULL: as the record has it */
	struct health_config health;
};

#define UPKEEP_INIT \
	{ \
		.health = HEALTH_CONFIG_INIT \
	}

/* Nothing to say removes the file. */
int upkeep_save(const struct record *record, const struct upkeep *upkeep);
/* Where there is none *ret_upkeep is empty. */
int upkeep_load(const struct record *record, struct upkeep *ret_upkeep);
/* Have the supervisor of a container that runs read it again: a signal, with a value by which it is
 * known (UPKEEP_SIGNAL), so that it is not passed on to the payload. */
int upkeep_tell(const struct record *record);
void upkeep_release(struct upkeep *upkeep);

#define UPKEEP_SIGNAL SIGURG /* of all, the one that nobody passes on */
#define UPKEEP_VALUE 0x62657274

#endif
