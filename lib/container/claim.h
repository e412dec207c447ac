/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_CLAIM_H
#define BERTH_CONTAINER_CLAIM_H

#include "container/record.h"

/*
 * Names of containers: symbolic links container-names/NAME -> ID. Who makes the link below the
 * runroot has the name; no lock is taken for that. A container that stays makes a second one below
 * the root, which a reboot leaves.
 */

/* Take record->name for record->id, whose directory must exist already. -EEXIST where a container
 * has it; *ret_holder is its ID then. */
int claim_take(const struct host *host, const struct record *record, char ret_holder[65]);
/* Give it back, while the directory still exists; all names that lead to it where record->name is
 * NULL. Nothing happens to a name that is another's. */
void claim_drop(const struct host *host, const struct record *record);
/*
 * Give it another name. The one that it has now stays valid until the new one is; whoever is killed
 * in between leaves both, and the next rename of this container drops all but its last. -EEXIST
 * where the name is taken. The new name is what the link `name` in the container's directory says:
 * state.json is its supervisor's.
 */
int claim_rename(const struct host *host, struct record *record, const char *name);
/* Read that link into record->name: 1, or 0 where it was never renamed. */
int claim_read_name(struct record *record);
/* The ID that a name stands for: 1, or 0 where there is none. Its container may be gone. */
int claim_find(const struct host *host, const char *name, char ret_id[65]);

#endif
