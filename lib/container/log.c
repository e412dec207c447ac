/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/log.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/units.h"

#define OUT_FULL 32768 /* is written at once */
#define OUT_KEPT 65536 /* memory that stays for the next time */

static int open_file(const char *path, int flags)
{
	return fs_open(AT_FDCWD, path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | flags, 0600);
}

/* What was cut by a crash stays a line of its own. */
static int mend_end(const struct log *log)
{
	autoclose int fd = fs_open(AT_FDCWD, log->path, O_RDONLY, 0);
	char last = '\n';

	TRY(fd);
	if (log->size > 0 && pread(fd, &last, 1, (off_t)log->size - 1) < 0)
		return fail("cannot read '%s'", log->path);
	return last == '\n' ? 0 : fs_write_all(log->fd, "\n", 1, log->path);
}

int log_open(const struct log_config *config, const char *path, const char *attrs,
	     struct log *ret_log)
{
	AUTO(log) log = LOG_INIT;
	struct stat st;

	log.config = *config;
	log.path = xstrdup(path);
	log.attrs = xstrdup_null(attrs);
	log.fd = open_file(path, 0);
	TRY(log.fd);
	if (fstat(log.fd, &st) < 0)
		return fail("cannot read '%s'", path);
	if (!S_ISREG(st.st_mode))
		return refuse("the log '%s' is not a regular file", path);
	log.size = (uint64_t)st.st_size;
	TRY(mend_end(&log));
	*ret_log = log;
	log = (struct log)LOG_INIT;
	return 0;
}

int log_open_journal(const struct log_config *config, const struct record *record, const char *tag,
		     struct log *ret_log)
{
	struct log log = LOG_INIT;

	log.config = *config;
	TRY(journal_open(record, tag, &log.journal));
	*ret_log = log;
	return 0;
}

static void print_now(char ret_time[LOG_TIME_LEN + 1])
{
	AUTO(buf) text = BUF_INIT;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	units_print_time(&text, now.tv_sec, (uint32_t)now.tv_nsec);
	snprintf(ret_time, LOG_TIME_LEN + 1, "%s", text.data);
}

/* All of it or nothing: half an entry would spoil the next. */
static bool put(struct log *log, const char *bytes, size_t len)
{
	int rc = fs_write_all(log->fd, bytes, len, log->path);

	if (rc >= 0) {
		log->size += len;
		return true;
	}
	log->error = -rc;
	(void)!ftruncate(log->fd, (off_t)log->size);
	err_clear();
	return false;
}

/* Where there is room again. */
static bool confess(struct log *log)
{
	struct log_entry entry = { .stream = LOG_STDERR, .ends = true };
	AUTO(buf) text = BUF_INIT;
	AUTO(buf) line = BUF_INIT;

	buf_addf(&text, "berth: %llu bytes of output are missing here: %s\n",
		 (unsigned long long)log->lost, strerror(log->error));
	print_now(entry.time);
	entry.bytes = text.data;
	entry.len = text.len;
	log_format(log->config.kind, &entry, log->attrs, &line);
	if (!put(log, line.data, line.len))
		return false;
	log->lost = 0;
	return true;
}

static void flush(struct log *log)
{
	if (log->out.len == 0)
		return;
	if ((log->lost > 0 && !confess(log)) || !put(log, log->out.data, log->out.len))
		log->lost += log->pending;
	log->pending = 0;
	if (log->out.cap > OUT_KEPT)
		buf_release(&log->out);
	else
		buf_clear(&log->out);
}

/* The new file is there before an old one moves: where that fails, the old one grows on. */
static void rotate(struct log *log)
{
	autofree char *fresh = xasprintf("%s.new", log->path);
	int fd = open_file(fresh, O_TRUNC);

	if (fd < 0) {
		err_clear();
		return;
	}
	for (unsigned int i = log->config.max_files - 1; i > 0; i--) {
		autofree char *to = xasprintf("%s.%u", log->path, i);
		autofree char *from =
			i > 1 ? xasprintf("%s.%u", log->path, i - 1) : xstrdup(log->path);

		(void)!rename(from, to);
	}
	if (rename(fresh, log->path) < 0) {
		close(fd);
		return;
	}
	close(log->fd);
	log->fd = fd;
	log->size = 0;
}

static void add(struct log *log, const struct log_entry *entry)
{
	const size_t before = log->out.len;
	const uint64_t max = log->config.max_size;

	log_format(log->config.kind, entry, log->attrs, &log->out);
	if (max != 0 && log->size + log->out.len > max && log->size + before > 0) {
		size_t len = log->out.len - before;
		autofree char *last = xalloc(len);

		memcpy(last, log->out.data + before, len);
		buf_truncate(&log->out, before);
		flush(log);
		rotate(log);
		buf_add(&log->out, last, len);
	}
	log->pending += entry->len;
	if (log->out.len >= OUT_FULL)
		flush(log);
}

void log_write(struct log *log, enum log_stream stream, const char *bytes, size_t len)
{
	struct log_entry entry = { .stream = stream };

	if (log->fd < 0 && log->journal.fd < 0)
		return;
	print_now(entry.time);
	while (len > 0) {
		const char *newline = memchr(bytes, '\n', len);

		entry.bytes = bytes;
		entry.len = newline != NULL ? (size_t)(newline - bytes) + 1 : len;
		entry.ends = newline != NULL;
		if (log->journal.fd >= 0)
			journal_write(&log->journal, &entry);
		else
			add(log, &entry);
		bytes += entry.len;
		len -= entry.len;
	}
	flush(log);
}

void log_release(struct log *log)
{
	if (log->fd >= 0 && log->lost > 0)
		(void)confess(log);
	journal_release(&log->journal);
	cleanup_close(&log->fd);
	free(log->path);
	free(log->attrs);
	buf_release(&log->out);
	*log = (struct log)LOG_INIT;
}
