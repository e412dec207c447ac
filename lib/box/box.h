/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_BOX_H
#define BERTH_BOX_BOX_H

#include <stdbool.h>
#include <sys/types.h>

#include "box/cgroup.h"
#include "box/listener.h"
#include "spec/spec.h"

/*
 * spec -> process. box_spawn() and box_created() build the child up to the last step and leave it
 * waiting; box_go() lets it exec. The gap between them is where the network, hooks and the state
 * file act: exactly OCI's create and start.
 *
 *	struct box box = BOX_INIT;
 *	TRY(box_spawn(&spec, &box));	the child exists in its namespaces and cgroup; its mount
 *					work goes on beside us; box.pid serves the network
 *	TRY(box_created(&box));		the child has finished all of its work but the exec
 *	TRY(box_go(&box));		returns after the exec succeeded, or with its error
 *					(box.exec_failed: 126 or 127)
 *	TRY(box_wait(&box, &status));
 *
 * The child dies with SIGKILL when the process that spawned it does. box_release() kills what still
 * runs, reaps it, and removes its cgroup: safe at every point. -EBUSY where the cgroup had to stay
 * (cgroup_remove()); all else is released even then.
 */
struct box {
	pid_t pid;
	int pidfd;
	int sync;    /* our end of the socket to the child */
	int state;   /* what hook_tell() writes to, with hooks in the container; -1 */
	int console; /* master of the pty with process.terminal; -1 otherwise */
	struct cgroup cgroup;
	bool shares_pids; /* no pid namespace of its own: its end does not end its children */
	bool called;      /* created by another process: box_called() */
	bool joins;       /* a process in a container that is there (join.h) */
	struct spec_scheduler scheduler; /* of the payload */
	struct spec_io_priority io_priority;
	enum { BOX_NONE, BOX_SPAWNED, BOX_CREATED, BOX_RUNNING, BOX_ENDED } phase;
	bool exec_failed; /* box_created(), box_go(): the error is the payload's: -ENOENT is exit
			     status 127, all others are 126 */
	struct listener listener; /* for box_go(): until then the spec must stay */
};

#define BOX_INIT \
	{ \
		.pid = -1, .pidfd = -1, .sync = -1, .state = -1, .console = -1, \
		.cgroup = CGROUP_INIT \
	}

int box_spawn(const struct spec *spec, struct box *ret_box);
/* With hooks that run before the pivot (spec_hooks_before_pivot()): comes back as soon as the
 * caller is to run those of its side, with hook_tell(box->state) done; box_hooked() lets the
 * child go on, and box_created() is next. */
int box_mounted(struct box *box);
int box_hooked(struct box *box);
int box_created(struct box *box);
int box_go(struct box *box);
/* Block until the payload has ended; *ret_status as of waitpid(2). Foreground supervisors poll
 * box->pidfd instead and call this when it is readable. */
int box_wait(struct box *box, int *ret_status);
int box_release(struct box *box);

/*
 * A container that is created by one process and started by another (stay.h). box_leave(), after
 * box_created(): the child outlives us, and so does its cgroup; box_release() frees memory and
 * descriptors, no more. box_called(): the same child, in the process that is to start it, by its
 * socket; box_go() is next. -ECONNREFUSED as of stay_call(); box_go()
 * says it as well, with nothing recorded, where another was first.
 */
int box_leave(struct box *box, int listener);
int box_called(int dirfd, const char *name, struct box *ret_box);

#endif
