/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_VOLUME_H
#define BERTH_CONTAINER_VOLUME_H

#include <stdbool.h>
#include <stdint.h>

#include "image/store.h"

/*
 * Volumes: directories that outlive the containers that write to them, berth-storage(5).
 *
 *	volumes/NAME/		complete <=> is there; locked (flock(2)): shared by who makes or
 *				runs a container with it or reads its data, exclusively by who
 *				removes it
 *	  volume.json		what is known of it, replaced whole
 *	  data/			what is mounted; its files belong to ids of the store's maps
 *	  filling, lock		see volumefill.h
 *
 * Made in tmp/ and renamed, so that it appears as a whole; removed by a rename to tmp/, so that it
 * goes at once. A container that has it keeps its name in its record (volumeuse.h): one that does
 * not run keeps a volume as well.
 */
struct volume {
	char *name;
	char *path; /* of its data; absolute */
	int dirfd;  /* -1: none */
	int fill;   /* the lock of volumefill.h; -1 */
	bool anonymous;
	int64_t created;
	uint32_t created_nsec;
	struct strvec labels;  /* KEY=VALUE */
	struct strvec options; /* type=, device=, o=: volumeopt.h */
};

#define VOLUME_INIT \
	{ \
		.dirfd = -1, .fill = -1 \
	}

/* What a new one is to be. */
struct volume_plan {
	const char *name; /* NULL: one is made up */
	bool anonymous;
	const struct strvec *labels, *options; /* NULL: none */
	int64_t uid, gid;                      /* owner of the data; -1: the container's root */
};

#define VOLUME_PLAN_INIT \
	{ \
		.uid = -1, .gid = -1 \
	}

int volume_check_name(const char *name);
int volume_check_driver(const char *name);
/* 64 hex digits, as docker names those that nobody gave a name. */
int volume_make_name(char ret_name[65]);

/* Make it, and lock it shared. -EEXIST where there is one. */
int volume_create(struct store *store, const struct volume_plan *plan, struct volume *ret_volume);
/* Find it; -ENOENT with a message. With `lock`, it is not removed as long as the struct lives. */
int volume_open(const struct store *store, const char *name, bool lock, struct volume *ret_volume);
/* Write what changed in the struct. */
int volume_save(const struct volume *volume);
/* All of them by name: each(volume, arg) < 0 ends the walk. */
int volume_each(const struct store *store, int (*each)(struct volume *volume, void *arg),
		void *arg);
/* Lock it to remove it: -EBUSY where somebody has it locked, -ENOENT where it was just removed. */
int volume_claim(const struct store *store, struct volume *volume);
/* Remove one that is claimed. */
int volume_remove(struct store *store, struct volume *volume);
void volume_release(struct volume *volume);

#endif
