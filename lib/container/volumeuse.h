/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_VOLUMEUSE_H
#define BERTH_CONTAINER_VOLUMEUSE_H

#include "container/record.h"
#include "container/volume.h"

/*
 * Which containers have which volumes, and what goes when neither is wanted any more. A record has
 * "NAME:DESTINATION" for each volume (record->volumes). The anonymous volumes that were made for a
 * container that stays are noted in its directory before they are made, as volumes/NAME: however it
 * is made and ends, they are found.
 */
struct volume_use {
	char *volume, *id, *name;
	bool running;
};

struct volume_uses {
	struct volume_use *v;
	size_t n;
};

/* Of all containers; one that has a volume twice is there once. */
int volumeuse_list(const struct host *host, struct volume_uses *ret_uses);
size_t volumeuse_count(const struct volume_uses *uses, const char *volume);
void volume_uses_release(struct volume_uses *uses);
/* The volume that is mounted at this place of the container: its name, to be freed, or NULL. */
char *volumeuse_at(const struct record *record, const char *destination);
/* The names of its volumes, each once. */
void volumeuse_names(const struct record *record, struct strvec *ret_names);

/* Remove a volume that no container has; -EBUSY with their names where some do. With force these
 * are removed first, killed after `seconds` where they run. */
struct volumeuse_removal {
	bool force;
	int64_t seconds;
};
int volumeuse_remove(struct store *store, const char *name,
		     const struct volumeuse_removal *removal);

/* Was it made for this container, which gave it no name? */
bool volumeuse_is_own(const struct record *record, const char *name);
/* Note an anonymous volume that is about to be made for the container. */
int volumeuse_note(const struct record *record, const char *name);
/* Remove those that were noted, but for what another container has, or has a name meanwhile. Called
 * before the record goes. */
int volumeuse_drop(const struct host *host, const struct record *record);
/* They stay, and are no longer noted. */
int volumeuse_forget(const struct record *record);

#endif
