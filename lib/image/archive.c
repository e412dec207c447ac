/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/path.h"
#include "base/stream.h"
#include "base/vec.h"
#include "image/archivescan.h"

#define MAX_LINKS 8 /* that lead from one to the next */

void archive_release(struct archive *archive)
{
	for (size_t i = 0; i < archive->n; i++) {
		free(archive->v[i].name);
		free(archive->v[i].link);
	}
	free(archive->v);
	free(archive->name);
	if (archive->fd >= 0)
		close(archive->fd);
	if (archive->dirfd >= 0)
		close(archive->dirfd);
	*archive = (struct archive)ARCHIVE_INIT;
}

/* A plain archive can be read in place where it is a regular file and, being our stdin, stands at
 * its start. */
static int is_plain(int fd, const struct stat *st)
{
	unsigned char magic[STREAM_MAGIC_LEN];
	ssize_t n;

	if (!S_ISREG(st->st_mode) || lseek(fd, 0, SEEK_CUR) != 0)
		return 0;
	n = pread(fd, magic, sizeof(magic), 0);
	if (n < 0)
		return fail("cannot read it");
	return stream_sniff(magic, (size_t)n) == COMPRESSION_NONE;
}

static int open_tar(struct store *store, struct archive *archive, int in, const struct stat *st)
{
	int plain = is_plain(in, st);

	TRY(plain);
	return archive_scan(store, archive, in, plain == 0);
}

static int open_stdin(struct store *store, struct archive *archive)
{
	struct stat st;
	int rc;

	if (isatty(STDIN_FILENO)) {
		refuse("standard input is a terminal, not an archive");
		hint("give a file, or pipe an archive in");
		return -EINVAL;
	}
	if (fstat(STDIN_FILENO, &st) < 0)
		return fail("cannot read it");
	rc = open_tar(store, archive, STDIN_FILENO, &st);
	/* Who reads it after us finds its end, as after a pipe. */
	if (rc >= 0 && S_ISREG(st.st_mode))
		(void)lseek(STDIN_FILENO, 0, SEEK_END);
	return rc;
}

static int open_path(struct store *store, const char *path, struct archive *archive)
{
	autoclose int fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return fail("cannot open it");
	if (S_ISDIR(st.st_mode)) {
		archive->dirfd = steal_fd(&fd);
		return 0;
	}
	return open_tar(store, archive, fd, &st);
}

int archive_open(struct store *store, const char *path, struct archive *ret_archive)
{
	struct archive archive = ARCHIVE_INIT;
	bool in = strcmp(path, "-") == 0;
	int rc;

	archive.name = xstrdup(in ? "standard input" : path);
	rc = in ? open_stdin(store, &archive) : open_path(store, path, &archive);
	if (rc < 0) {
		fail_in(rc, "'%s'", archive.name);
		archive_release(&archive);
		return rc;
	}
	*ret_archive = archive;
	return 0;
}

int archive_open_dir(int dirfd, const char *name, struct archive *ret_archive)
{
	int fd = fcntl(dirfd, F_DUPFD_CLOEXEC, 3);

	if (fd < 0)
		return fail("cannot open '%s'", name);
	*ret_archive = (struct archive)ARCHIVE_INIT;
	ret_archive->name = xstrdup(name);
	ret_archive->dirfd = fd;
	return 0;
}

static size_t lower_bound(const struct archive *archive, const char *name)
{
	size_t low = 0, high = archive->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(archive->v[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* 1 and the file with this name, links followed; 0; or negative. */
static int find_file(const struct archive *archive, const char *name,
		     const struct archive_file **ret_file)
{
	for (int links = 0; links <= MAX_LINKS; links++) {
		size_t i = lower_bound(archive, name);

		if (i >= archive->n || strcmp(archive->v[i].name, name) != 0)
			return 0;
		/* Which of two counts, readers do not agree on. */
		if (i + 1 < archive->n && strcmp(archive->v[i + 1].name, name) == 0)
			return refuse("two files in it are called '%s'", name);
		*ret_file = &archive->v[i];
		if (archive->v[i].link == NULL)
			return 1;
		name = archive->v[i].link;
	}
	return refuse("too many links lead to '%s' in it", name);
}

int archive_has(const struct archive *archive, const char *name)
{
	const struct archive_file *file;

	if (archive->dirfd >= 0)
		return fs_exists(archive->dirfd, name);
	return find_file(archive, name, &file);
}

static int open_file(const struct archive *archive, const char *name, struct archive_part *part)
{
	struct stat st;

	part->own = path_open_beneath(archive->dirfd, name, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0);
	if (part->own < 0)
		return part->own;
	part->fd = part->own;
	if (fstat(part->fd, &st) < 0)
		return fail("cannot look at '%s' in it", name);
	if (!S_ISREG(st.st_mode))
		return refuse("'%s' in it is not a file", name);
	part->end = (uint64_t)st.st_size;
	return 0;
}

int archive_part_open(const struct archive *archive, const char *name,
		      struct archive_part *ret_part)
{
	AUTO(archive_part) part = ARCHIVE_PART_INIT;
	const struct archive_file *file = NULL;
	int rc;

	part.name = archive->name;
	if (archive->dirfd >= 0) {
		TRY(open_file(archive, name, &part));
	} else {
		rc = find_file(archive, name, &file);
		TRY(rc);
		if (rc == 0)
			return refuse_with(ENOENT, "there is no file '%s' in it", name);
		part.fd = archive->fd;
		part.at = file->offset;
		part.end = file->offset + file->size;
	}
	*ret_part = part;
	part.own = -1;
	return 0;
}

ssize_t archive_part_read(void *arg, void *bytes, size_t size)
{
	struct archive_part *part = arg;
	ssize_t n;

	if (size > part->end - part->at)
		size = (size_t)(part->end - part->at);
	if (size == 0)
		return 0;
	do
		n = pread(part->fd, bytes, size, (off_t)part->at);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return fail("cannot read '%s'", part->name);
	if (n == 0)
		return refuse("'%s' became shorter while it was read", part->name);
	part->at += (uint64_t)n;
	return n;
}

void archive_part_release(struct archive_part *part)
{
	if (part->own >= 0)
		close(part->own);
	*part = (struct archive_part)ARCHIVE_PART_INIT;
}

int archive_read(const struct archive *archive, const char *name, size_t max, struct buf *out)
{
	AUTO(archive_part) part = ARCHIVE_PART_INIT;
	size_t left;

	TRY(archive_part_open(archive, name, &part));
	if (part.end - part.at > max)
		return refuse_with(EFBIG, "'%s' in it is larger than %zu bytes", name, max);
	left = (size_t)(part.end - part.at);
	buf_reserve(out, left);
	while (left > 0) {
		ssize_t n = archive_part_read(&part, out->data + out->len, left);

		TRY(n);
		out->len += (size_t)n;
		left -= (size_t)n;
	}
	out->data[out->len] = '\0';
	return 0;
}
