/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/logreader.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

#define READ_SIZE (256UL << 10)
#define WINDOW (64 << 10) /* what is looked at first for the last lines; it is doubled then */
#define ATTEMPTS 100      /* to find the next file while others move */

static char *file_path(const struct logreader *reader, unsigned int index)
{
	return index == 0 ? xstrdup(reader->path) : xasprintf("%s.%u", reader->path, index);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

/* Descriptor of a file of the log, -1 where there is none. */
static int open_index(const struct logreader *reader, unsigned int index)
{
	autofree char *path = file_path(reader, index);

	return open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
}

static bool is_index(const struct logreader *reader, unsigned int index, const struct stat *st)
{
	autofree char *path = file_path(reader, index);
	struct stat other;

	return stat(path, &other) == 0 && is_same(st, &other);
}

/* --- where to begin --------------------------------------------------------------------------- */

struct files {
	int *v; /* the youngest first */
	size_t n;
};

static void files_release(struct files *files)
{
	for (size_t i = 0; i < files->n; i++)
		cleanup_close(&files->v[i]);
	free(files->v);
}

/* From the youngest on: one that moves meanwhile is met twice, and none is missed. */
static void open_all(const struct logreader *reader, struct files *files)
{
	struct stat last = { 0 }, st;

	for (unsigned int i = 0; i < reader->max_files; i++) {
		autoclose int fd = open_index(reader, i);

		if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
			continue;
		if (files->n > 0 && is_same(&st, &last))
			continue;
		last = st;
		*VEC_PUSH(files) = steal_fd(&fd);
	}
}

static int read_range(int fd, off_t start, off_t end, struct buf *out)
{
	buf_clear(out);
	while (start < end) {
		size_t want = (size_t)(end - start);
		ssize_t n = pread(fd, buf_reserve(out, want), want, start);

		if (n < 0)
			return fail("cannot read the log");
		if (n == 0)
			return 0;
		out->len += (size_t)n;
		start += n;
	}
	return 0;
}

/* Where the entries end that complete a line of the payload. */
struct marks {
	size_t *v;
	size_t n;
};

static void find_ends(enum log_kind kind, const struct buf *text, size_t from, bool youngest,
		      struct marks *marks)
{
	AUTO(buf) bytes = BUF_INIT;
	struct log_entry entry = { .ends = true };

	marks->n = 0;
	while (from < text->len) {
		const char *line = text->data + from;
		const char *newline = memchr(line, '\n', text->len - from);

		if (newline == NULL)
			break;
		buf_clear(&bytes);
		from += (size_t)(newline - line) + 1;
		if (log_scan(kind, line, (size_t)(newline - line), &entry, &bytes, NULL) &&
		    entry.ends)
			*VEC_PUSH(marks) = from;
	}
	/* The last line of all need not be complete. */
	if (youngest && !entry.ends)
		*VEC_PUSH(marks) = text->len;
}

/* Set *ret_offset to where the last `*tail` lines of the file begin and return 1; or count those
 * that it has off, and return 0. */
static int find_tail(enum log_kind kind, int fd, bool youngest, int64_t *tail, off_t *ret_offset)
{
	AUTO(buf) text = BUF_INIT;
	struct marks marks = { 0 };
	struct stat st;
	int rc = 0;

	if (fstat(fd, &st) < 0)
		return fail("cannot read the log");
	for (off_t window = WINDOW; rc == 0; window *= 2) {
		off_t start = st.st_size > window ? st.st_size - window : 0;
		const char *newline;

		TRY(read_range(fd, start, st.st_size, &text));
		newline = start > 0 ? memchr(text.data, '\n', text.len) : NULL;
		find_ends(kind, &text, newline != NULL ? (size_t)(newline - text.data) + 1 : 0,
			  youngest, &marks);
		if (marks.n > (size_t)*tail) {
			*ret_offset = start + (off_t)marks.v[marks.n - 1 - (size_t)*tail];
			rc = 1;
		} else if (start == 0) {
			break;
		}
	}
	if (rc == 0)
		*tail -= (int64_t)marks.n;
	free(marks.v);
	return rc;
}

static int begin(struct logreader *reader, int64_t tail)
{
	AUTO(files) files = { 0 };
	size_t i = 0;
	off_t offset = 0;
	int found = 0;

	open_all(reader, &files);
	if (files.n == 0)
		return 0;
	for (; tail >= 0 && i < files.n && found == 0; i += found == 0) {
		found = find_tail(reader->kind, files.v[i], i == 0, &tail, &offset);
		TRY(found);
	}
	if (found == 0)
		i = files.n - 1;
	reader->fd = steal_fd(&files.v[i]);
	if (lseek(reader->fd, offset, SEEK_SET) < 0)
		return fail("cannot read the log");
	return 0;
}

int logreader_open(const struct log_config *config, const char *path, int64_t tail,
		   struct logreader *ret_reader)
{
	struct logreader reader = LOGREADER_INIT;
	int rc;

	reader.kind = config->kind;
	reader.path = xstrdup(path);
	reader.max_files = config->max_files;
	rc = begin(&reader, tail);
	if (rc < 0)
		logreader_release(&reader);
	else
		*ret_reader = reader;
	return rc;
}

/* --- one after the other ---------------------------------------------------------------------- */

static int fill(struct logreader *reader)
{
	ssize_t n;

	if (reader->at > 0) {
		reader->in.len -= reader->at;
		memmove(reader->in.data, reader->in.data + reader->at, reader->in.len);
		reader->at = 0;
	}
	n = read(reader->fd, buf_reserve(&reader->in, READ_SIZE), READ_SIZE);
	if (n < 0)
		return fail("cannot read the log");
	reader->in.len += (size_t)n;
	return n > 0;
}

/* The number of the file that follows the one with this inode; -1: it is the youngest. */
static int find_next(const struct logreader *reader, const struct stat *st)
{
	unsigned int oldest = 0;

	if (is_index(reader, 0, st))
		return -1;
	for (unsigned int i = 1; i < reader->max_files; i++) {
		autofree char *path = file_path(reader, i);

		if (is_index(reader, i, st))
			return (int)i - 1;
		if (access(path, F_OK) == 0)
			oldest = i;
	}
	return (int)oldest; /* ours is dropped */
}

/* 1: reader->fd is the next file; 0: there is none now. */
static int advance(struct logreader *reader)
{
	struct stat st;

	if (fstat(reader->fd, &st) < 0)
		return fail("cannot read the log");
	for (int i = 0; i < ATTEMPTS; i++) {
		int next = find_next(reader, &st), more;
		autoclose int fd = -1;

		if (next < 0)
			return 0;
		/* What was written between our end of the file and its move. */
		more = fill(reader);
		if (more != 0)
			return more;
		fd = open_index(reader, (unsigned int)next);
		if (fd < 0)
			return 0;
		if (find_next(reader, &st) != next)
			continue;
		close(reader->fd);
		reader->fd = steal_fd(&fd);
		return 1;
	}
	return 0;
}

int logreader_next(struct logreader *reader, const char **ret_line, size_t *ret_len)
{
	size_t seen = 0;

	if (reader->fd < 0)
		TRY(begin(reader, -1));
	if (reader->fd < 0)
		return 0;
	for (;;) {
		const char *line = reader->in.data + reader->at;
		size_t len = reader->in.len - reader->at;
		const char *newline = memchr(line + seen, '\n', len - seen);
		int rc;

		if (newline != NULL) {
			*ret_line = line;
			*ret_len = (size_t)(newline - line);
			reader->at += *ret_len + 1;
			return 1;
		}
		seen = len;
		rc = fill(reader);
		if (rc == 0)
			rc = advance(reader);
		if (rc <= 0)
			return rc;
	}
}

void logreader_release(struct logreader *reader)
{
	cleanup_close(&reader->fd);
	free(reader->path);
	buf_release(&reader->in);
	*reader = (struct logreader)LOGREADER_INIT;
}
