/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_OCI_OCISTATE_H
#define BERTH_OCI_OCISTATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/vec.h"
#include "spec/spec.h"

/*
 * The containers of the runtime, below one directory (--root):
 *
 *	ROOT/ID/lock		held by who makes, changes or deletes the container
 *	ROOT/ID/config.json	what it was made from
 *	ROOT/ID/state.json	written last: without it there is no container, and without somebody
 *				who holds the lock the directory is garbage, taken by the next
 *				`create` of that ID or `delete --force`
 *	ROOT/ID/start		the socket of stay.h; gone once the container was started
 *
 * The process decides what the status is; nothing has to be written when it ends.
 */
enum oci_status {
	OCI_CREATING,
	OCI_CREATED,
	OCI_RUNNING,
	OCI_PAUSED,
	OCI_STOPPED,
};
/* "created" */
const char *oci_status_name(enum oci_status status);

struct ocistate {
	int dir;  /* ROOT/ID; -1: none */
	int lock; /* -1: not held */
	char *id;
	char *bundle, *rootfs; /* absolute */
	char *cgroup;          /* of cgroup_name() */
	char *created;         /* RFC 3339 */
	char *owner;
	pid_t pid;
	uint64_t pid_start;
	bool own_pids; /* a pid namespace of its own: the end of its first process is its end */
	bool poststart, poststop; /* it has such hooks */
	bool no_new_keyring;      /* it has its creator's session keyring */
	bool notifies;            /* its filter has a listener (box/listener.h) */
	struct spec_keyvalues annotations;
};

#define OCISTATE_INIT \
	{ \
		.dir = -1, .lock = -1 \
	}

#define OCISTATE_SOCKET "start"
#define OCISTATE_CONFIG "config.json"

/* Refuse what can be no name of a directory. */
int ocistate_check_id(const char *id);
/* Make the directory of a new container, and hold its lock; -EEXIST where there is such a one. */
int ocistate_make(const char *root, const char *id, struct ocistate *ret_state);
/* Write state.json. */
int ocistate_save(const struct ocistate *state);
/* Read one; -ENOENT, recorded in the words that engines look for, where there is none. */
int ocistate_open(const char *root, const char *id, struct ocistate *ret_state);
/* Hold its lock, waiting for who has it. */
int ocistate_lock(struct ocistate *state);
/* What the specification's state has, for `status`; as hooks and the verb `state` get it. */
void ocistate_print(const struct ocistate *state, enum oci_status status, bool pretty,
		    struct buf *out);
enum oci_status ocistate_status(const struct ocistate *state);
/* A descriptor of its first process; -ESRCH, with nothing recorded, where it has ended. */
int ocistate_pidfd(const struct ocistate *state);
/* Remove the directory. A half-made one, without a state, is removed by its ID. */
int ocistate_remove(const char *root, const char *id);
/* The IDs of all, sorted. */
int ocistate_list(const char *root, struct strvec *ret_ids);
void ocistate_release(struct ocistate *state);

#endif
