/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_SYNC_H
#define BERTH_BOX_SYNC_H

#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "base/err.h"

/*
 * The socket between the supervisor and the child: one byte a message, in turns, with descriptors
 * where the message has some; or an error, after which the child is gone. The end of the file is
 * the other side's death or, where the child execs, its success.
 */
enum sync_word {
	SYNC_ENTER = 'E',   /* parent: maps and cgroup are there [mounts prepared by the parent] */
	SYNC_CREATED = 'C', /* child: everything but the exec is done [master of the pty] */
	SYNC_HOOKS = 'H',   /* child: the mounts are there and the host's root still is; parent: its
			       hooks have run */
	SYNC_STAY = 'S',    /* parent: outlive me, and hear GO by the socket that comes with it;
			       child: so be it */
	SYNC_GO = 'G',      /* parent: exec */
	SYNC_LISTENER = 'L', /* child: the filter is there [its listener] */
	SYNC_AGENT = 'A',    /* parent: the agent has the listener */
};

/* SOCK_SEQPACKET, O_CLOEXEC. */
int sync_pair(int ret_pair[2]);
/* fds may be NULL; they stay the sender's. */
int sync_send(int sock, enum sync_word word, const int *fds, size_t n);
/*
 * Wait for `word`. Descriptors that come with it are put into fds (at most n, -1 for the missing).
 * An error that comes instead is recorded and returned; -ECONNRESET, with nothing recorded, where
 * the other side is gone.
 */
int sync_wait(int sock, enum sync_word word, int *fds, size_t n);

/* What has come: a word, or an error with its stage. */
struct sync_news {
	enum sync_word word;
	enum err_stage stage;
};
/* The same for whoever may hear several words. */
int sync_next(int sock, struct sync_news *ret_news, int *fds, size_t n);
/* Nothing else may have come than this. */
int sync_expect(const struct sync_news *news, enum sync_word word);

/* recvmsg(2), 0 at the end. Of a peer that closed its end with something unread the kernel tells
 * first, once, with ECONNRESET; what that peer said before is still to be read, and is. */
ssize_t sync_receive(int sock, struct msghdr *msg);
/* 0 as long as the other side is there, else -ECONNRESET with nothing recorded. */
int sync_peer(int sock);

/* At most so many descriptors in one message (SCM_MAX_FD of the kernel is 253). */
#define SYNC_FDS_MAX 253

#endif
