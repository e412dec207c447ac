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
 * runroot and go with the container; the others below the root, where `ps -a` and `rm` find them.
 *
 *	containers/ID/		locked (flock(2)) by the supervisor as long as it lives: locked
 *				<=> running, without any clean-up after a crash
 *	  state.json		replaced whole at each change, by its supervisor
 *	  name			symbolic link whose text is the name that `rename` gave it
 *	  exit			made by who waits for it: waiter.h
 *	  config.json		the plan, an OCI runtime-spec document (terms.h)
 *	  resolv.conf hosts hostname
 *	  upper work volumes/N	writable layer and directories of overlays (for --rm: see
 *				scratch.h), and notes of anonymous volumes (volumeuse.h)
 *	container-names/NAME	symbolic link to the ID: unique by link creation; one whose
 *				container is gone is garbage
 *
 * A name is taken by a link below the runroot, whatever the kind of container; a container that
 * stays has one below the root as well. An unlocked directory of --rm is garbage, removed by
 * whoever meets it.
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
	bool locked;    /* by us, through dirfd */
	bool ephemeral; /* --rm */
	bool saved;     /* state.json is there */
	int scratch;    /* locks the writable layer of --rm; -1: none */

	/* state.json */
	enum record_status status;
	char *image, *image_id;
	struct strvec command;
	struct strvec labels; /* key=value */
	struct strvec ports;  /* as docker shows them */
	struct strvec mounts;
	int64_t created, started, finished; /* seconds since the epoch; 0: not yet */
	uint32_t created_nsec;
	pid_t pid;
	uint64_t pid_start;
	int exit_code;
	int stop_signal;
	bool oom_killed;
	char *cgroup;  /* its name, by which what a killed supervisor left is ended and removed */
	char *network; /* the mode: "none", "host", "pasta", ... */

	/* how it is started again */
	char *log_driver; /* NULL: none, as it ran in the foreground */
	struct strvec log_options;
	char *network_text; /* --network, as it was given */
	struct strvec publish;
	struct strvec mounted_images; /* IDs */
	char *pidfile;
	int64_t timeout;      /* microseconds; 0: none */
	int64_t stop_timeout; /* seconds between the stop signal and SIGKILL; -1: the default */
	char *monitor_pidfile;
	bool tty;          /* it has a terminal */
	bool once;         /* what it has of the host is another's after its end */
	bool auto_remove;  /* it stays only until its end, which --rm of create asked for */
	char *restart;     /* policy; NULL: no */
	int64_t restarts;  /* by that policy */
	bool restarting;   /* running, but just between two runs */
	uint64_t executed; /* the pid_start of the process whose payload was executed: until it is
			      that of the one above, nobody may join it, for it may not have left
			      the host's files yet */
	/* What the command line said instead of the image, in the words of its configuration, for
	 * commit: "KEY" (without what the image has), "KEY=VALUE" (set, or one more). */
	struct strvec overrides;
	struct strvec exposed;  /* ports of the image, "80/tcp" */
	struct strvec requires; /* IDs of containers that run before it does */
	struct strvec secrets;  /* --secret, as they were given */
	struct strvec volumes;  /* "NAME:DESTINATION": volumeuse.h */
	bool with_volumes;      /* its anonymous ones go with it; not in state.json */
};

#define RECORD_INIT \
	{ \
		.dirfd = -1, .scratch = -1, .stop_timeout = -1 \
	}

/* A new container: its ID, its directory, its lock, its name (NULL: adjective_noun). A name that is
 * taken is -EEXIST; with replace, the one that has it is removed first (killed if it runs). */
int record_create(const struct host *host, const char *name, bool replace, bool ephemeral,
		  struct record *ret_record);
/* Write state.json. */
int record_save(struct record *record);
/* By ID, name, or unique prefix of an ID. -ENOENT with a message. Status is what the lock says. */
int record_find(const struct host *host, const char *name, struct record *ret_record);
/* All of them, the youngest first: each(record, arg) < 0 ends the walk. Containers that are half
 * made or just being removed are passed over; garbage is removed. */
int record_each(const struct host *host, int (*each)(struct record *record, void *arg), void *arg);
/* Lock one that was found, to start it: its state is read again. -EBUSY where it runs. */
int record_take(struct record *record);
/* Remove everything. A running one: -EBUSY, unless force, which kills it first. */
int record_remove(const struct host *host, struct record *record, bool force);
/* Remove what killed commands left: called where it delays nobody. Looks at a limited number of
 * containers, different ones each time. */
void record_sweep(const struct host *host);
void record_release(struct record *record);

#endif
