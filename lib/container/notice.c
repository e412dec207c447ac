/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/notice.h"

#include <stdatomic.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"

#define USEC_PER_SEC 1000000
#define PULL_EXTEND_USEC (30 * USEC_PER_SEC) /* as long as a silent registry is waited for */

int notice_make_cidfile(const struct request *request, const char *id)
{
	autoclose int fd = -1;

	if (request->cidfile == NULL)
		return 0;
	fd = open(request->cidfile, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0) {
		int rc = fail("--cidfile '%s'", request->cidfile);

		if (rc == -EEXIST)
			hint("another container has it, or left it behind: rm %s",
			     request->cidfile);
		return rc;
	}
	return fs_write_all(fd, id, strlen(id), request->cidfile);
}

void notice_remove_cidfile(const struct request *request)
{
	if (request->cidfile != NULL)
		unlink(request->cidfile);
}

static int make_pidfile(const char *option, const char *path, pid_t pid)
{
	char text[16];

	if (path == NULL)
		return 0;
	snprintf(text, sizeof(text), "%d\n", (int)pid);
	return fail_in(fs_replace_file(AT_FDCWD, path, text, strlen(text), 0644, false), "%s",
		       option);
}

int notice_make_pidfiles(const struct request *request, pid_t pid)
{
	TRY(make_pidfile("--pidfile", request->pidfile, pid));
	return make_pidfile("--conmon-pidfile", request->monitor_pidfile, getpid());
}

void notice_remove_pidfiles(const struct request *request)
{
	if (request->pidfile != NULL)
		unlink(request->pidfile);
	if (request->monitor_pidfile != NULL)
		unlink(request->monitor_pidfile);
}

int notice_prepare(const struct request *request)
{
	if (request->status_fd < 0)
		return 0;
	if (fcntl((int)request->status_fd, F_SETFD, FD_CLOEXEC) < 0)
		return fail("--status-fd %lld", (long long)request->status_fd);
	return 0;
}

/* One write for a line. Who does not read it is not told. */
static void print_line(const struct request *request, const cJSON *json)
{
	AUTO(buf) line = BUF_INIT;

	json_print(json, false, &line);
	buf_add_char(&line, '\n');
	(void)!write((int)request->status_fd, line.data, line.len);
}

void notice_created(const struct request *request, const char *id, const char *name)
{
	autojson cJSON *json = NULL;

	if (request->status_fd < 0)
		return;
	json = json_object();
	json_add_string(json, "event", "created");
	json_add_string(json, "id", id);
	json_add_string(json, "name", name);
	print_line(request, json);
}

/* sd_notify(3) by hand: a datagram. '@' stands for the NUL of an abstract address. */
static void notify_systemd(const char *text)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	autoclose int fd = -1;
	size_t len;

	if (path == NULL || (*path != '/' && *path != '@') ||
	    strlen(path) >= sizeof(address.sun_path))
		return;
	len = strlen(path);
	memcpy(address.sun_path, path, len);
	if (*path == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		(void)!sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&address,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
}

void notice_pulling(const struct progress *progress)
{
	uint64_t bytes = 0, total = 0;
	AUTO(buf) text = BUF_INIT;

	if (getenv("NOTIFY_SOCKET") == NULL)
		return;
	for (size_t i = 0; i < progress->n; i++) {
		bytes += atomic_load(&progress->v[i].bytes);
		total += progress->v[i].total;
	}
	buf_addf(&text, "EXTEND_TIMEOUT_USEC=%d\nSTATUS=pulling %s: %u%%", PULL_EXTEND_USEC,
		 progress->name,
		 total != 0 ? (unsigned int)((double)bytes / (double)total * 100) : 0);
	notify_systemd(text.data);
}

void notice_started(const struct request *request, pid_t pid)
{
	notify_systemd("READY=1");
	if (request->status_fd >= 0) {
		autojson cJSON *json = json_object();

		json_add_string(json, "event", "started");
		json_add_int(json, "pid", pid);
		print_line(request, json);
	}
}

static int64_t microseconds(const struct timeval *time)
{
	return (int64_t)time->tv_sec * USEC_PER_SEC + time->tv_usec;
}

void notice_exited(const struct request *request, const struct notice_exit *exited)
{
	autojson cJSON *json = NULL;
	cJSON *usage;

	if (request->status_fd < 0)
		return;
	json = json_object();
	json_add_string(json, "event", "exited");
	json_add_int(json, "code", exited->code);
	json_add_int(json, "signal", exited->signal);
	json_add_bool(json, "oom", exited->oom);
	json_add_bool(json, "timeout", exited->timeout);
	usage = json_add_object(json, "rusage");
	json_add_int(usage, "userUsec", microseconds(&exited->usage.ru_utime));
	json_add_int(usage, "systemUsec", microseconds(&exited->usage.ru_stime));
	json_add_int(usage, "maxRssBytes", (int64_t)exited->usage.ru_maxrss * 1024);
	print_line(request, json);
}
