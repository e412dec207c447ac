/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/extract.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/path.h"
#include "base/stream.h"
#include "base/vec.h"
#include "image/tar.h"

#define TRIES 64 /* where somebody makes what was just removed */
#define SET_ID 06000

/* A directory gets its mode and its time when nothing more is made in it. */
struct made {
	char *path;
	struct tar_entry entry; /* only what is a number */
};

struct extracting {
	struct extract *extract;
	struct stream stream;
	unsigned char *bytes;
	struct tar tar;
	struct buf path; /* of the entry, in the root */
	bool begun;
	struct {
		struct made *v;
		size_t n;
	} dirs;
};

static void extracting_release(struct extracting *x)
{
	stream_release(&x->stream);
	tar_release(&x->tar);
	buf_release(&x->path);
	free(x->bytes);
	for (size_t i = 0; i < x->dirs.n; i++)
		free(x->dirs.v[i].path);
	free(x->dirs.v);
}

static ssize_t next_piece(void *arg, const unsigned char **ret_bytes)
{
	struct extracting *x = arg;

	*ret_bytes = x->bytes;
	return stream_read(&x->stream, x->bytes, STREAM_CHUNK);
}

/* --- names ------------------------------------------------------------------------------------ */

/* The entry's path in the root. 1: it is the place itself. */
static int resolve(const struct extracting *x, const char *name, struct buf *out)
{
	bool skip = x->extract->top;
	size_t parts = 0;

	buf_clear(out);
	buf_add_str(out, x->extract->place);
	for (const char *at = name; *at != '\0';) {
		size_t len = strcspn(at, "/");

		if (len == 2 && memcmp(at, "..", 2) == 0)
			return refuse("the name '%s' has '..' in it", name);
		if (len > MAX_TAR_COMPONENT)
			return refuse("a part of the name '%s' is longer than %d bytes", name,
				      MAX_TAR_COMPONENT);
		if (len > 0 && skip) {
			skip = false;
		} else if (len > 0 && !(len == 1 && *at == '.')) {
			buf_add_char(out, '/');
			buf_add(out, at, len);
			parts++;
		}
		at += len + strspn(at + len, "/");
	}
	return parts == 0;
}

/* --- making ----------------------------------------------------------------------------------- */

static int set_owner(const struct extracting *x, int dirfd, const char *name,
		     const struct tar_entry *entry)
{
	if (!x->extract->keep_owners)
		return 0;
	if (fchownat(dirfd, name, entry->uid, entry->gid, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) == 0)
		return 0;
	fail("cannot give '%s' to %u:%u", entry->path, entry->uid, entry->gid);
	hint("without --archive it belongs to root in the container, and to you on the host");
	return -EPERM;
}

static mode_t mode_of(const struct extracting *x, const struct tar_entry *entry)
{
	return entry->mode & 07777 & (x->extract->no_privilege ? ~(mode_t)SET_ID : ~(mode_t)0);
}

static int finish_fd(const struct extracting *x, int fd, const struct tar_entry *entry)
{
	const struct timespec times[2] = {
		{ .tv_nsec = UTIME_NOW },
		{ .tv_sec = entry->mtime, .tv_nsec = entry->mtime_nsec },
	};

	TRY(set_owner(x, fd, "", entry));
	if (fchmod(fd, mode_of(x, entry)) < 0 || futimens(fd, times) < 0)
		return fail("cannot set the mode and the time of '%s'", x->path.data);
	return 0;
}

static int write_at(int fd, const unsigned char *bytes, size_t len, uint64_t offset)
{
	while (len > 0) {
		ssize_t n = pwrite(fd, bytes, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		bytes += n;
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

static int fill(struct extracting *x, int fd, const struct tar_entry *entry)
{
	const void *bytes;
	uint64_t offset;
	size_t len;
	int more;

	while ((more = tar_data(&x->tar, &bytes, &len, &offset)) > 0) {
		int rc = write_at(fd, bytes, len, offset);

		if (rc < 0)
			return fail_with(rc, "cannot write '%s'", x->path.data);
	}
	TRY(more);
	if (ftruncate(fd, (off_t)entry->size) < 0)
		return fail("cannot write '%s'", x->path.data);
	return finish_fd(x, fd, entry);
}

static int make_link(struct extracting *x, int parent, const char *name,
		     const struct tar_entry *entry)
{
	AUTO(buf) target = BUF_INIT;
	autoclose int dir = -1;
	const char *last;

	TRY(resolve(x, entry->link, &target));
	dir = path_open_parent_in_root(x->extract->root, target.data, false, &last);
	TRY(dir);
	return linkat(dir, last, parent, name, 0) < 0 ? -errno : 0;
}

/* Returns -errno with nothing recorded where the name is taken. */
static int make_once(struct extracting *x, int parent, const char *name,
		     const struct tar_entry *entry)
{
	autoclose int fd = -1;

	switch (entry->type) {
	case TAR_FILE:
		fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			    0600);
		return fd < 0 ? -errno : fill(x, fd, entry);
	case TAR_HARD_LINK:
		return make_link(x, parent, name, entry);
	case TAR_SYMLINK:
		return symlinkat(entry->link, parent, name) < 0 ? -errno
								: set_owner(x, parent, name, entry);
	case TAR_FIFO:
		return mkfifoat(parent, name, mode_of(x, entry)) < 0
			       ? -errno
			       : set_owner(x, parent, name, entry);
	default:
		return 0;
	}
}

/* Something is in the way. */
static int clear_way(const struct extracting *x, int parent, const char *name, bool directory)
{
	struct stat st;

	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : fail("cannot look at '%s'", x->path.data);
	if (S_ISDIR(st.st_mode) != directory && !x->extract->overwrite) {
		refuse_with(EEXIST, "cannot replace the %s '%s' by a %s",
			    directory ? "file" : "directory", x->path.data,
			    directory ? "directory" : "file");
		hint("--overwrite does");
		return -EEXIST;
	}
	return fs_remove_tree(parent, name);
}

static int make_directory(struct extracting *x, int parent, const char *name,
			  const struct tar_entry *entry)
{
	struct made *made;
	struct stat st;

	for (int i = 0; mkdirat(parent, name, 0700) < 0; i++) {
		if (errno != EEXIST || i == TRIES)
			return fail("cannot make the directory '%s'", x->path.data);
		if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
			break;
		TRY(clear_way(x, parent, name, true));
	}
	if (x->dirs.n >= MAX_TAR_DIRECTORIES)
		return refuse("more than %lu directories", MAX_TAR_DIRECTORIES);
	made = VEC_PUSH(&x->dirs);
	made->path = xstrdup(x->path.data);
	made->entry = *entry;
	made->entry.path = made->path;
	return 0;
}

static int make(struct extracting *x, const struct tar_entry *entry)
{
	autoclose int parent = -1;
	const char *name;
	int rc = -EEXIST;

	parent = path_open_parent_in_root(x->extract->root, x->path.data, true, &name);
	TRY(parent);
	if (entry->type == TAR_DIRECTORY)
		return make_directory(x, parent, name, entry);
	for (int i = 0; rc == -EEXIST && i < TRIES; i++) {
		rc = make_once(x, parent, name, entry);
		if (rc == -EEXIST)
			TRY(clear_way(x, parent, name, false));
	}
	if (rc < 0 && *err_text() == '\0')
		return fail_with(rc, "cannot make '%s'", x->path.data);
	return rc;
}

static int finish_directory(struct extracting *x, const struct made *made)
{
	autoclose int parent = -1, fd = -1;
	const char *name;

	parent = path_open_parent_in_root(x->extract->root, made->path, false, &name);
	TRY(parent);
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return fail("cannot open '%s'", made->path);
	buf_clear(&x->path);
	buf_add_str(&x->path, made->path);
	return finish_fd(x, fd, &made->entry);
}

static int begin(struct extracting *x, bool directory)
{
	x->begun = true;
	return x->extract->begin(x->extract, directory);
}

static int extract_entry(struct extracting *x, const struct tar_entry *entry)
{
	bool directory = entry->type == TAR_DIRECTORY;
	int top;

	if (!x->begun)
		TRY(begin(x, directory));
	top = resolve(x, entry->path, &x->path);
	TRY(top);
	if (top == 1 && (x->extract->keep_top || !x->extract->top))
		return directory ? 0 : refuse("the archive has a file without a name");
	return make(x, entry);
}

int extract_archive(struct extract *extract, int fd)
{
	AUTO(extracting) x = { .extract = extract, .stream = STREAM_INIT, .path = BUF_INIT };
	struct tar_entry entry;
	int more;

	/* What the archive is unpacked into does not depend on what is in it. */
	if (!extract->top)
		TRY(begin(&x, true));
	TRY(stream_open_fd(&x.stream, &fd));
	x.bytes = xalloc(STREAM_CHUNK);
	tar_init(&x.tar, next_piece, &x);
	while ((more = tar_next(&x.tar, &entry)) > 0)
		TRY(extract_entry(&x, &entry));
	TRY(more);
	/* The innermost first: a directory that nobody may enter is done with then. */
	for (size_t i = x.dirs.n; i-- > 0;)
		TRY(finish_directory(&x, &x.dirs.v[i]));
	return 0;
}
