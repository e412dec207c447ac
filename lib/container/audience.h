/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_AUDIENCE_H
#define BERTH_CONTAINER_AUDIENCE_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>

#include "container/attach.h"

/*
 * Who is attached to a container in the background (attach.h), from the monitor's side. Nobody of
 * them is waited for: what one does not take is counted, and told when it takes something again.
 */
#define AUDIENCE_MAX 8
#define AUDIENCE_POLLS (AUDIENCE_MAX + 1)

struct audience {
	int listener; /* -1: nobody may attach */
	int dirfd;    /* where the socket is; borrowed */
	struct {
		int fd; /* -1: free */
		uint64_t missed;
	} members[AUDIENCE_MAX];
};

#define AUDIENCE_INIT \
	{ \
		.listener = -1, .dirfd = -1 \
	}

/* Make the socket in that directory. */
int audience_open(int dirfd, struct audience *ret_audience);
void audience_send(struct audience *audience, enum attach_letter letter, const char *bytes,
		   size_t len);
/* The payload has ended: all of them are told, and go. */
void audience_dismiss(struct audience *audience, int status);
/* hearing: whether what they type can be taken now. */
void audience_poll(const struct audience *audience, bool hearing,
		   struct pollfd polls[AUDIENCE_POLLS]);
/* What is typed goes to input() and a size to resize(); both get arg. */
struct audience_ears {
	void (*input)(void *arg, const char *bytes, size_t len);
	void (*resize)(void *arg, const struct winsize *size);
	void *arg;
};
void audience_run(struct audience *audience, const struct pollfd polls[AUDIENCE_POLLS],
		  const struct audience_ears *ears);
void audience_release(struct audience *audience);

#endif
