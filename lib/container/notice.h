/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_NOTICE_H
#define BERTH_CONTAINER_NOTICE_H

#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "container/request.h"
#include "image/progress.h"

/*
 * Telling other programs what becomes of a container: --cidfile, --pidfile, --conmon-pidfile,
 * --status-fd and systemd's NOTIFY_SOCKET. The lines of --status-fd are JSON objects:
 *
 *	{"event":"created","id":"...","name":"..."}
 *	{"event":"started","pid":N}
 *	{"event":"exited","code":N,"signal":N,"oom":B,"timeout":B,
 *	 "rusage":{"userUsec":N,"systemUsec":N,"maxRssBytes":N}}
 */

/* Create --cidfile, which must not exist. */
int notice_make_cidfile(const struct request *request, const char *id);
void notice_remove_cidfile(const struct request *request);
/* --pidfile, of the payload, and --conmon-pidfile, of this process. */
int notice_make_pidfiles(const struct request *request, pid_t pid);
void notice_remove_pidfiles(const struct request *request);

/* To systemd: that the image is on its way, and that the start takes longer for it. */
void notice_pulling(const struct progress *progress);

/* Prepare --status-fd: the payload does not get it. */
int notice_prepare(const struct request *request);
void notice_created(const struct request *request, const char *id, const char *name);
/* As well "READY=1" to systemd. */
void notice_started(const struct request *request, pid_t pid);

struct notice_exit {
	int code, signal;
	bool oom, timeout;
	bool unhealthy; /* its checks failed, and something was to be done about that */
	struct rusage usage;
};
void notice_exited(const struct request *request, const struct notice_exit *exited);

#endif
