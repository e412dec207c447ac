/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/logwatch.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/err.h"
#include "container/again.h"

#define EVENTS_SIZE 4096
#define LONG_MS 500 /* a monitor that is killed makes no event */
#define QUICK_MS 5
#define QUICK_ROUNDS 40

#define LOG_EVENTS (IN_MODIFY | IN_CREATE | IN_MOVED_TO)
#define RECORD_EVENTS (IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_DELETE_SELF)

int logwatch_open(const struct record *record, const char *log_path, struct logwatch *ret_watch)
{
	autofree char *dir = xstrndup(log_path, (size_t)(strrchr(log_path, '/') - log_path));
	autoclose int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd < 0)
		return fail("cannot watch the log");
	/* Where one cannot be watched (no directory, no room for more), time has to do. */
	(void)inotify_add_watch(fd, record->dir, RECORD_EVENTS);
	(void)inotify_add_watch(fd, dir, LOG_EVENTS | IN_MASK_ADD);
	ret_watch->record = record;
	ret_watch->fd = steal_fd(&fd);
	return 0;
}

bool logwatch_has_ended(struct logwatch *watch)
{
	int dirfd = watch->record->dirfd;

	if (flock(dirfd, LOCK_SH | LOCK_NB) < 0)
		return false;
	flock(dirfd, LOCK_UN);
	return !again_is_near(watch->record);
}

/* Did something else than the growth of the log happen? */
static bool take_events(struct logwatch *watch)
{
	char events[EVENTS_SIZE] __attribute__((aligned(__alignof__(struct inotify_event))));
	bool happened = false;
	ssize_t n;

	while ((n = read(watch->fd, events, sizeof(events))) > 0)
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *event = (const void *)(events + at);

			happened |= (event->mask & ~(uint32_t)IN_MODIFY) != 0;
			at += (ssize_t)(sizeof(*event) + event->len);
		}
	return happened;
}

int logwatch_wait(struct logwatch *watch)
{
	struct pollfd poll_fd = { .fd = watch->fd, .events = POLLIN };

	if (watch->quick > 0)
		watch->quick--;
	if (poll(&poll_fd, 1, watch->quick > 0 ? QUICK_MS : LONG_MS) < 0 && errno != EINTR)
		return fail("cannot wait for the log");
	if (take_events(watch))
		watch->quick = QUICK_ROUNDS;
	return 0;
}

void logwatch_release(struct logwatch *watch)
{
	cleanup_close(&watch->fd);
	watch->fd = -1;
}
