/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "oci/events.h"

#include <poll.h>
#include <time.h>

#include "base/err.h"
#include "base/json.h"
#include "box/cgoom.h"
#include "box/cgstats.h"
#include "oci/ocistate.h"

#define NSEC_PER_MSEC 1000000
#define USEC_PER_MSEC 1000
#define MSEC_PER_SEC 1000

struct events {
	struct ocistate state;
	struct cgroup cgroup;
	struct cgoom oom;
	int pidfd;
	int64_t interval; /* milliseconds */
	int (*emit)(const struct buf *line, void *arg);
	void *arg;
};

#define EVENTS_INIT \
	{ \
		.state = OCISTATE_INIT, .cgroup = CGROUP_INIT, .oom = CGOOM_INIT, .pidfd = -1 \
	}

static void events_release(struct events *events)
{
	cgoom_release(&events->oom);
	cgroup_release(&events->cgroup);
	cleanup_close(&events->pidfd);
	ocistate_release(&events->state);
}

static int find(const struct runtime *runtime, const char *id, struct events *events)
{
	TRY(ocistate_open(runtime->root, id, &events->state));
	events->pidfd = ocistate_pidfd(&events->state);
	if (events->pidfd < 0)
		return refuse_with(ESRCH, "container with id %s is not running", id);
	TRY(cgroup_find(events->state.cgroup, &events->cgroup));
	return events->cgroup.path != NULL ? 0 : cgroup_refuse_none("events");
}

static void print_stats(const char *id, cJSON *stats, struct buf *out)
{
	autojson cJSON *event = json_object();

	json_add_string(event, "type", "stats");
	json_add_string(event, "id", id);
	if (!cJSON_AddItemToObject(event, "data", stats))
		out_of_memory();
	json_print(event, false, out);
	buf_add_char(out, '\n');
}

/* 0 where it has just ended. */
static int read_stats(const struct events *events, struct buf *out)
{
	cJSON *stats = NULL;
	int rc = cgstats_read(&events->cgroup, &stats);

	if (rc == -ENOENT)
		return 0;
	if (rc < 0)
		return fail_with(rc, "cannot read the cgroup of '%s'", events->state.id);
	print_stats(events->state.id, stats, out);
	return 1;
}

int runtime_stats(const struct runtime *runtime, const char *id, struct buf *ret_line)
{
	AUTO(events) events = EVENTS_INIT;
	int rc;

	TRY(find(runtime, id, &events));
	rc = read_stats(&events, ret_line);
	return rc != 0 ? rc : refuse_with(ESRCH, "container with id %s is not running", id);
}

/* --- for as long as it runs ------------------------------------------------------------------- */

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * MSEC_PER_SEC + time.tv_nsec / NSEC_PER_MSEC;
}

static int tell_stats(const struct events *events)
{
	AUTO(buf) line = BUF_INIT;
	int rc = read_stats(events, &line);

	return rc > 0 ? events->emit(&line, events->arg) : rc;
}

static int tell_oom(struct events *events)
{
	AUTO(buf) line = BUF_INIT;
	autojson cJSON *event = json_object();

	json_add_string(event, "type", "oom");
	json_add_string(event, "id", events->state.id);
	json_print(event, false, &line);
	buf_add_char(&line, '\n');
	for (int n = cgoom_take(&events->oom); n > 0; n--)
		TRY(events->emit(&line, events->arg));
	return 0;
}

static int watch(struct events *events)
{
	struct pollfd fds[] = { { .fd = events->oom.fd, .events = POLLIN },
				{ .fd = events->pidfd, .events = POLLIN } };
	int64_t next = now() + events->interval;

	for (;;) {
		int64_t left = next - now();
		int n = poll(fds, ARRAY_SIZE(fds), left > 0 ? (int)left : 0);

		if (n < 0 && errno != EINTR)
			return fail("cannot wait for events");
		/* What it ended of comes before its end. */
		if (n > 0 && fds[0].revents != 0)
			TRY(tell_oom(events));
		if (n > 0 && fds[1].revents != 0)
			return tell_oom(events);
		if (now() < next)
			continue;
		TRY(tell_stats(events));
		next += events->interval;
	}
}

int runtime_events(const struct runtime *runtime, const char *id, uint64_t interval_usec,
		   int (*emit)(const struct buf *line, void *arg), void *arg)
{
	AUTO(events) events = EVENTS_INIT;

	events.interval = (int64_t)(interval_usec / USEC_PER_MSEC);
	if (events.interval < 1 || events.interval > INT32_MAX)
		return refuse("duration interval must be greater than 0");
	events.emit = emit;
	events.arg = arg;
	TRY(find(runtime, id, &events));
	TRY(cgoom_open(&events.cgroup, &events.oom));
	return watch(&events);
}
