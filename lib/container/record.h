/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_RECORD_H
#define BERTH_CONTAINER_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/host.h"
#include "base/vec.h"

/*
 * What is known of a container on disk: a directory, berth-storage(5). Those of --rm live below the
 * runroot and go with the container; the others below the root (containers/ID), where `ps -a` and
 * `rm` find them.
 *
 *	ID/config.json	the plan, an OCI runtime-spec document (not written for --rm)
 *	ID/state.json	replaced whole at each change
 *	ID/lock		held by the supervisor as long as it lives: held <=> running,
 *			without any clean-up after a crash
 *	ID/upper work	the writable layer
 *	ID/etc/		resolv.conf, hosts, hostname
 *	names/NAME	symbolic link to the ID: unique by link creation; one whose
 *			container is gone is garbage
 */
enum record_status {
	RECORD_CREATED,
	RECORD_RUNNING,
	RECORD_EXITED,
};

struct record {
	char id[65]; /* 64 hex digits */
	char *name;
	char *dir; /* absolute */
	int dirfd;
	int lock;       /* held by the supervisor; -1 otherwise */
	bool ephemeral; /* --rm */

	/* state.json */
	enum record_status status;
	char *image, *image_id;
	struct strvec command;
	struct strvec labels; /* key=value */
	struct strvec ports;  /* as docker shows them */
	struct strvec mounts;
	int64_t created, started, finished; /* seconds since the epoch; 0: not yet */
	pid_t pid;
	uint64_t pid_start;
	int exit_code;
	bool oom_killed;
	char *cgroup; /* path, so that rm can end what a killed supervisor left */
};

#define RECORD_INIT \
	{ \
		.dirfd = -1, .lock = -1 \
	}

/* A new container: its ID, its directory, its lock, its name (NULL: adjective_noun). A name that is
 * taken is -EEXIST; with replace, the one that has it is removed first (killed if it runs). */
int record_create(const struct host *host, const char *name, bool replace, bool ephemeral,
		  struct record *ret_record);
/* Write state.json. */
int record_save(struct record *record);
/* By ID, unique prefix of an ID, or name. -ENOENT with a message. Status is what the lock and the
 * kernel say. */
int record_find(const struct host *host, const char *name, struct record *ret_record);
/* All of them, in the order of creation: each(record, arg) < 0 ends the walk. Containers that are
 * half made or just being removed are passed over. */
int record_each(const struct host *host, int (*each)(struct record *record, void *arg), void *arg);
/* Remove everything. A running one: -EBUSY, unless force, which kills it first. */
int record_remove(const struct host *host, struct record *record, bool force);
void record_release(struct record *record);

#endif
