/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/event.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"

#define NSEC_PER_SEC INT64_C(1000000000)

static int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

static void add_text(struct buf *line, const char *key, const char *text)
{
	if (text == NULL)
		return;
	buf_addf(line, ",\"%s\":", key);
	json_print_string(line, text);
}

static void add_list(struct buf *line, const char *key, const struct strvec *list)
{
	if (list == NULL || list->n == 0)
		return;
	buf_addf(line, ",\"%s\":[", key);
	for (size_t i = 0; i < list->n; i++) {
		if (i > 0)
			buf_add_char(line, ',');
		json_print_string(line, list->v[i]);
	}
	buf_add_char(line, ']');
}

void event_note(struct buf *lines, const struct event *event)
{
	size_t start = lines->len, fixed;

	buf_addf(lines, "{\"time\":%lld", (long long)(event->time != 0 ? event->time : now()));
	add_text(lines, "type", event->type);
	add_text(lines, "action", event->action);
	add_text(lines, "id", event->id);
	add_text(lines, "name", event->name);
	add_text(lines, "image", event->image);
	add_list(lines, "attributes", event->attributes);
	fixed = lines->len;
	add_list(lines, "labels", event->labels);
	if (lines->len - start > MAX_EVENT - 2)
		buf_truncate(lines, fixed);
	if (lines->len - start > MAX_EVENT - 2)
		buf_truncate(lines, start);
	else
		buf_add_str(lines, "}\n");
}

/* The file is full: the next one begins. Of several who see that, the first does it. */
static void rotate(int fd, const char *path)
{
	char old[PATH_MAX];
	struct stat mine, there;

	if (snprintf(old, sizeof(old), "%s.1", path) >= (int)sizeof(old) ||
	    flock(fd, LOCK_EX | LOCK_NB) < 0)
		return;
	if (fstat(fd, &mine) == 0 && stat(path, &there) == 0 && mine.st_ino == there.st_ino &&
	    mine.st_dev == there.st_dev)
		(void)!rename(path, old);
}

static int open_log(const char *path)
{
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
}

/* The first event of all: what went wrong before stays what is to be told. */
static void make_dir(const struct host *host)
{
	AUTO(err_kept) kept = err_keep();
	autofree char *dir = xasprintf("%s/events", host->runroot);

	(void)fs_mkdirs(AT_FDCWD, dir, 0700);
	err_restore(&kept);
}

void event_write(const struct host *host, struct buf *lines)
{
	char path[PATH_MAX];
	autoclose int fd = -1;
	off_t end = 0;

	if (lines->len == 0 ||
	    snprintf(path, sizeof(path), "%s/events/log", host->runroot) >= (int)sizeof(path)) {
		buf_release(lines);
		return;
	}
	fd = open_log(path);
	if (fd < 0 && errno == ENOENT) {
		make_dir(host);
		fd = open_log(path);
	}
	if (fd >= 0 && write(fd, lines->data, lines->len) > 0)
		end = lseek(fd, 0, SEEK_CUR);
	if (end > (off_t)MAX_EVENTS)
		rotate(fd, path);
	buf_release(lines);
}

void event_note_container(struct buf *lines, const struct record *record, const char *action,
			  const struct strvec *attributes)
{
	const struct event event = {
		.type = "container",
		.action = action,
		.id = record->id,
		.name = record->name,
		.image = record->image,
		.attributes = attributes,
		.labels = &record->labels,
	};

	event_note(lines, &event);
}

void event_add(const struct host *host, const char *type, const char *action, const char *id,
	       const char *name, const struct strvec *attributes)
{
	const struct event event = {
		.type = type,
		.action = action,
		.id = id,
		.name = name,
		.attributes = attributes,
	};
	struct buf line = BUF_INIT;

	event_note(&line, &event);
	event_write(host, &line);
}

void event_add_container(const struct host *host, const struct record *record, const char *action,
			 const char *attribute)
{
	AUTO(strvec) attributes = STRVEC_INIT;
	struct buf line = BUF_INIT;

	if (attribute != NULL)
		strvec_push(&attributes, attribute);
	event_note_container(&line, record, action, &attributes);
	event_write(host, &line);
}

void event_removed(const struct host *host, const struct record *record)
{
	if (record->dirfd < 0)
		event_add_container(host, record, "remove", NULL);
}

void event_add_image(const struct host *host, const char *action, const char *id, const char *name)
{
	event_add(host, "image", action, id, name, NULL);
}

void event_health(const struct host *host, const struct record *record, const char *status)
{
	autofree char *attribute = xasprintf("healthStatus=%s", status);

	event_add_container(host, record, "health_status", attribute);
}
