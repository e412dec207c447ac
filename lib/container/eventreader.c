/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/eventreader.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"

#define READ_SIZE (64UL << 10)
#define LONG_MSEC 1000 /* where nobody wakes us */
#define BEGINNING "{\"time\":"
#define WATCHED (IN_MODIFY | IN_CREATE | IN_MOVED_TO)

/* --- the files -------------------------------------------------------------------------------- */

static void eventfile_release(struct eventfile *file)
{
	cleanup_close(&file->fd);
	buf_release(&file->in);
	*file = (struct eventfile)EVENTFILE_INIT;
}

/* -1: there is none. */
static int open_file(const char *path)
{
	return open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
}

static bool is_same(int fd, const char *path)
{
	struct stat mine, there;

	return fd >= 0 && fstat(fd, &mine) == 0 && stat(path, &there) == 0 &&
	       mine.st_ino == there.st_ino && mine.st_dev == there.st_dev;
}

/* The young one was renamed, or has come into being. What was old is done with. */
static bool turn(struct eventreader *reader)
{
	autofree char *old_path = xasprintf("%s.1", reader->path);
	autoclose int fd = -1, between = -1;

	if (is_same(reader->young.fd, reader->path))
		return false;
	fd = open_file(reader->path);
	if (fd < 0)
		return false;
	eventfile_release(&reader->old);
	reader->old = reader->young;
	reader->young = (struct eventfile)EVENTFILE_INIT;
	reader->young.fd = steal_fd(&fd);
	/* Two were renamed since: that between them comes next. */
	if (reader->old.fd < 0 || is_same(reader->old.fd, old_path))
		return true;
	between = open_file(old_path);
	if (between >= 0 && !is_same(between, reader->path)) {
		eventfile_release(&reader->old);
		reader->old.fd = steal_fd(&between);
	}
	return true;
}

/* More of it: 1, or 0 at its end. */
static int fill(struct eventfile *file)
{
	ssize_t n;

	if (file->at > 0) {
		memmove(file->in.data, file->in.data + file->at, file->in.len - file->at);
		buf_truncate(&file->in, file->in.len - file->at);
		file->at = 0;
	}
	/* No line of ours is so long. */
	if (file->in.len > READ_SIZE)
		buf_truncate(&file->in, 0);
	do
		n = read(file->fd, buf_reserve(&file->in, READ_SIZE), READ_SIZE);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return fail("cannot read the events");
	file->in.len += (size_t)n;
	file->in.data[file->in.len] = '\0';
	return n > 0;
}

/* 1: a line, without its newline; 0: there is none now. */
static int next_line(struct eventfile *file, char **ret_line)
{
	int rc = 1;

	while (file->fd >= 0 && rc > 0) {
		char *line = file->in.data + file->at;
		char *newline = memchr(line, '\n', file->in.len - file->at);

		if (newline != NULL) {
			*newline = '\0';
			file->at += (size_t)(newline - line) + 1;
			*ret_line = line;
			return 1;
		}
		rc = fill(file);
	}
	return rc < 0 ? rc : 0;
}

/* --- the lines -------------------------------------------------------------------------------- */

static void forget(struct eventreader *reader)
{
	if (reader->json != NULL)
		json_free(reader->json);
	reader->json = NULL;
	strvec_release(&reader->attributes);
	strvec_release(&reader->labels);
}

static int read_event(struct eventreader *reader, const char *line)
{
	struct event event = { .attributes = &reader->attributes, .labels = &reader->labels };
	const struct {
		const char *key;
		const char **text;
	} texts[] = {
		{ "type", &event.type }, { "action", &event.action }, { "id", &event.id },
		{ "name", &event.name }, { "image", &event.image },
	};

	forget(reader);
	TRY(json_parse(line, strlen(line), "an event", &reader->json));
	TRY(json_get_int(reader->json, "time", 0, INT64_MAX, &event.time));
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		TRY(json_get_string(reader->json, texts[i].key, texts[i].text));
	TRY(json_get_strings(reader->json, "attributes", &reader->attributes));
	TRY(json_get_strings(reader->json, "labels", &reader->labels));
	if (event.type == NULL || event.action == NULL)
		return refuse("an event has no type");
	reader->event = event;
	return 0;
}

/* Where a disk was full the beginning of a line may have another one behind it. */
static const char *last_beginning(const char *line)
{
	const char *last = line, *next = line;

	while ((next = strstr(next, BEGINNING)) != NULL)
		last = next++;
	return last;
}

int eventreader_next(struct eventreader *reader, const struct event **ret_event)
{
	char *line;
	int rc;

	do {
		rc = next_line(&reader->old, &line);
		if (rc == 0)
			rc = next_line(&reader->young, &line);
		TRY(rc);
		if (rc == 0 && turn(reader))
			continue;
		if (rc == 0)
			return 0;
		rc = read_event(reader, last_beginning(line));
		if (rc >= 0) {
			*ret_event = &reader->event;
			return 1;
		}
		err_clear();
	} while (true);
}

int eventreader_open(const struct host *host, bool all, struct eventreader *ret_reader)
{
	autofree char *dir = xasprintf("%s/events", host->runroot);
	autofree char *old_path = xasprintf("%s/log.1", dir);
	struct eventreader *reader = ret_reader;

	/* Where it cannot be made nobody writes there either. */
	if (fs_mkdirs(AT_FDCWD, dir, 0700) < 0)
		err_clear();
	reader->path = xasprintf("%s/log", dir);
	reader->watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (reader->watch >= 0)
		(void)inotify_add_watch(reader->watch, dir, WATCHED);
	/* In this order: one that is renamed meanwhile is met twice, and none is missed. */
	reader->young.fd = open_file(reader->path);
	reader->old.fd = open_file(old_path);
	if (is_same(reader->young.fd, old_path))
		eventfile_release(&reader->old);
	if (!all && reader->old.fd >= 0)
		(void)lseek(reader->old.fd, 0, SEEK_END);
	if (!all && reader->young.fd >= 0)
		(void)lseek(reader->young.fd, 0, SEEK_END);
	return 0;
}

int eventreader_wait(struct eventreader *reader, int msec)
{
	struct pollfd poll_fd = { .fd = reader->watch, .events = POLLIN };
	char events[4096];

	if (msec < 0 || msec > LONG_MSEC)
		msec = LONG_MSEC;
	if (poll(&poll_fd, 1, msec) < 0 && errno != EINTR)
		return fail("cannot wait for events");
	while (reader->watch >= 0 && read(reader->watch, events, sizeof(events)) > 0)
		continue;
	return 0;
}

void eventreader_release(struct eventreader *reader)
{
	forget(reader);
	eventfile_release(&reader->old);
	eventfile_release(&reader->young);
	cleanup_close(&reader->watch);
	free(reader->path);
	*reader = (struct eventreader)EVENTREADER_INIT;
}
