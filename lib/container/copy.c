/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/outfile.h"
#include "base/path.h"
#include "base/stream.h"
#include "container/rootdir.h"
#include "image/extract.h"
#include "image/tartree.h"

/* The name of the source in the pipe; the other side has its own. */
#define TOP "."
#define MAX_LINKS 40

struct copying {
	const struct copy *copy;
	const char *name; /* of the source in the archive */
	char *base;       /* the name that the source has in a directory */
	int fd;           /* of the archive; the child's end, and then ours */
	int root;         /* on the host: where the destination is */
	int source;       /* on the host */
	bool out;         /* to the host */
};

static void copying_release(struct copying *copying)
{
	free(copying->base);
	cleanup_close(&copying->fd);
	cleanup_close(&copying->root);
	cleanup_close(&copying->source);
}

/* --- names ------------------------------------------------------------------------------------ */

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* "DIR/.", ".", and the root directory: what is in it. */
static bool is_contents(const char *path)
{
	autofree char *clean = path_clean(path);

	return strcmp(last_part(path), ".") == 0 || (path[0] == '/' && strcmp(clean, "/") == 0);
}

static bool wants_directory(const char *path)
{
	return strcmp(last_part(path), "") == 0 || strcmp(last_part(path), ".") == 0;
}

/* Without what says that it is a directory. */
static char *strip(const char *path)
{
	char *out = xstrdup(path);

	for (size_t len = strlen(out); len > 1 && wants_directory(out); len = strlen(out))
		out[len - 1] = '\0';
	return out;
}

/* The name that the source has where it is copied into a directory. */
static char *base_name(const char *path, bool host)
{
	autofree char *here = host ? getcwd(NULL, 0) : xstrdup("/");
	autofree char *joined = path_join(here != NULL ? here : "/", path);
	autofree char *clean = path_clean(joined);

	return xstrdup(last_part(clean));
}

/* --- the source ------------------------------------------------------------------------------- */

static int check_source(int fd, const char *path)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail("cannot look at '%s'", path);
	if (!S_ISDIR(st.st_mode) && wants_directory(path))
		return refuse_with(ENOTDIR, "'%s' is not a directory", path);
	if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode) ||
	    S_ISFIFO(st.st_mode))
		return 0;
	return refuse("'%s' is a device or a socket", path);
}

static int open_inside(const struct copy *copy, int root)
{
	const char *path = copy->inside, *name;
	autoclose int parent = -1;
	int fd;

	if (copy->follow || wants_directory(path) || strcmp(last_part(path), "..") == 0)
		return path_open_in_root(root, path, O_PATH, 0);
	parent = path_open_parent_in_root(root, path, false, &name);
	TRY(parent);
	fd = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return fd >= 0 ? fd : fail("cannot open '%s' in the container", path);
}

static int write_archive(int source, const char *name, int fd)
{
	AUTO(tarfiles) files = { 0 };

	tarfiles_init(&files, fd, "the archive");
	files.live = true;
	TRY(tartree_put(&files, source, name));
	return tarwrite_end(&files.tar);
}

/* --- the destination -------------------------------------------------------------------------- */

/* What takes part in the decision: does it exist, and is it a directory? */
static int choose(struct extract *extract, const struct copying *copying, const char *to,
		  const struct stat *st, bool directory)
{
	const struct copy *copy = copying->copy;
	const char *from = copying->out ? copy->inside : copy->host;
	bool contents = directory && is_contents(from);

	if (st == NULL && wants_directory(to) && !directory)
		return refuse_with(ENOENT, "the directory '%s' is not there", to);
	if (st != NULL && !S_ISDIR(st->st_mode) && (directory || wants_directory(to)) &&
	    !copy->overwrite)
		return refuse_with(ENOTDIR, "'%s' is not a directory", to);
	extract->keep_top = st != NULL && S_ISDIR(st->st_mode) && contents;
	if (st != NULL && S_ISDIR(st->st_mode) && !contents)
		extract->place = xasprintf("%s/%s", to, copying->base);
	else
		extract->place = strip(to);
	return 0;
}

/* A link to a file means the file: its path as the container has it. Who changes the link now has
 * another one of his files replaced. */
static int follow_links(int root, char **path)
{
	char target[PATH_MAX];

	for (int i = 0; i < MAX_LINKS; i++) {
		const char *name;
		autoclose int parent = path_open_parent_in_root(root, *path, false, &name);
		autofree char *dir = NULL;
		ssize_t len;

		TRY(parent);
		len = readlinkat(parent, name, target, sizeof(target) - 1);
		if (len < 0)
			return 0;
		target[len] = '\0';
		dir = xstrndup(*path, (size_t)(name - *path));
		free(*path);
		*path = target[0] == '/' ? xstrdup(target) : xasprintf("%s%s", dir, target);
	}
	return refuse_with(ELOOP, "'%s' is a chain of links", *path);
}

static int begin_inside(struct extract *extract, bool directory)
{
	const struct copying *copying = extract->arg;
	const char *to = copying->copy->inside;
	autoclose int fd = path_try_open_in_root(extract->root, to, O_PATH);
	struct stat st;
	bool there = fd >= 0;

	if (fd == -ENOTDIR && wants_directory(to))
		return refuse_with(ENOTDIR, "'%s' is not a directory", to);
	if (fd < 0 && fd != -ENOENT)
		return fail_with(fd, "cannot open '%s' in the container", to);
	if (there && fstat(fd, &st) < 0)
		return fail("cannot look at '%s' in the container", to);
	if (!extract->top) {
		if (!there || !S_ISDIR(st.st_mode))
			return refuse_with(there ? ENOTDIR : ENOENT,
					   "'%s' is not a directory of the container", to);
		extract->place = strip(to);
		return 0;
	}
	TRY(choose(extract, copying, to, there ? &st : NULL, directory));
	if (there && !S_ISDIR(st.st_mode))
		return follow_links(extract->root, &extract->place);
	if (!there) {
		const char *name;
		autoclose int parent =
			path_open_parent_in_root(extract->root, extract->place, false, &name);

		TRY(parent);
	}
	return 0;
}

/* The directory that a file of the host is in, and its name there: a link to it means the file. */
static int find_file(const char *path, char **ret_parent, char **ret_name)
{
	autoclose int fd = fs_open(AT_FDCWD, path, O_PATH, 0);
	autofree char *link = NULL;
	char whole[PATH_MAX];
	ssize_t len;
	char *slash;

	TRY(fd);
	link = xasprintf("/proc/self/fd/%d", fd);
	len = readlink(link, whole, sizeof(whole) - 1);
	if (len < 0)
		return fail("cannot find '%s'", path);
	whole[len] = '\0';
	slash = strrchr(whole, '/');
	if (slash == NULL)
		return refuse("'%s' is not a file", path);
	*ret_parent = xstrndup(whole, (size_t)(slash - whole) + 1);
	xreplace(ret_name, slash + 1);
	return 0;
}

/* On the host the root is the directory that the destination is in: links that the container has
 * in its tree lead nowhere else. */
static int begin_outside(struct extract *extract, bool directory)
{
	struct copying *copying = extract->arg;
	const char *to = copying->copy->host;
	autofree char *parent = NULL, *place = NULL;
	struct stat st;
	bool there = stat(to, &st) == 0;

	if (!there && errno != ENOENT)
		return fail("cannot look at '%s'", to);
	TRY(choose(extract, copying, to, there ? &st : NULL, directory));
	place = steal(extract->place);
	if (there && !S_ISDIR(st.st_mode)) {
		TRY(find_file(to, &parent, &extract->place));
	} else if (there) {
		parent = xstrdup(to);
		extract->place = xstrdup(extract->keep_top ? "" : last_part(place));
	} else {
		const char *name = last_part(place);

		parent = name != place ? xstrndup(place, (size_t)(name - place)) : xstrdup(".");
		extract->place = xstrdup(name);
	}
	copying->root = fs_open(AT_FDCWD, parent, O_RDONLY | O_DIRECTORY, 0);
	TRY(copying->root);
	extract->root = copying->root;
	return 0;
}

static int unpack(struct copying *copying, int root)
{
	const struct copy *copy = copying->copy;
	struct extract extract = {
		.root = root,
		.begin = root >= 0 ? begin_inside : begin_outside,
		.arg = copying,
		.top = strcmp(copy->host, "-") != 0,
		.overwrite = copy->overwrite,
		/* Only root can give files away. */
		.keep_owners = copy->archive && (root >= 0 || geteuid() == 0),
		.no_privilege = root < 0 && !copy->archive,
	};
	int rc = extract_archive(&extract, copying->fd);

	free(extract.place);
	return rc;
}

/* --- both ends -------------------------------------------------------------------------------- */

/* The child's error is the reason of ours, but where it only says that we had gone. */
static int finish(struct rootdir *child, int rc)
{
	AUTO(err_kept) kept = err_keep();
	int inside = rootdir_wait(child);

	if (inside < 0 && (inside != -EPIPE || rc >= 0))
		return inside;
	err_restore(&kept);
	return rc;
}

static int out_inside(int root, void *arg)
{
	struct copying *copying = arg;
	autoclose int source = open_inside(copying->copy, root);

	TRY(source);
	TRY(check_source(source, copying->copy->inside));
	return write_archive(source, copying->name, copying->fd);
}

static int in_inside(int root, void *arg)
{
	return unpack(arg, root);
}

/* What both directions have in common: the child at one end of a pipe, and `ours` at the other. */
static int through_pipe(struct copying *copying, struct rootdir *child,
			int (*ours)(struct copying *copying))
{
	int ends[2], rc;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail("cannot make a pipe");
	copying->fd = ends[copying->out ? 1 : 0];
	child->not_for_child = ends[copying->out ? 0 : 1];
	child->cell_in = copying->out ? -1 : copying->fd;
	rc = rootdir_start(child);
	close(copying->fd);
	copying->fd = child->not_for_child;
	TRY(rc);
	rc = ours(copying);
	cleanup_close(&copying->fd);
	copying->fd = -1;
	return finish(child, rc);
}

static int stream_out(struct copying *copying, struct rootdir *child)
{
	AUTO(outfile) file = OUTFILE_INIT;
	int rc;

	TRY(outfile_open(NULL, "an archive", &file));
	copying->name = is_contents(copying->copy->inside) ? TOP : copying->base;
	copying->fd = file.fd;
	rc = rootdir_start(child);
	copying->fd = -1;
	TRY(rc);
	TRY(rootdir_wait(child));
	return outfile_commit(&file);
}

static int unpack_outside(struct copying *copying)
{
	return unpack(copying, -1);
}

int copy_out(const struct copy *copy)
{
	AUTO(copying)
	copying = { .copy = copy, .name = TOP, .fd = -1, .root = -1, .source = -1, .out = true };
	AUTO(rootdir) child = ROOTDIR_INIT;

	child.record = copy->record;
	child.spec = copy->spec;
	child.body = out_inside;
	child.arg = &copying;
	copying.base = base_name(copy->inside, false);
	if (strcmp(copy->host, "-") == 0)
		return stream_out(&copying, &child);
	return through_pipe(&copying, &child, unpack_outside);
}

static int open_outside(const struct copy *copy)
{
	bool follow = copy->follow || wants_directory(copy->host);
	autoclose int fd = fs_open(AT_FDCWD, copy->host, O_PATH | (follow ? 0 : O_NOFOLLOW), 0);

	TRY(fd);
	TRY(check_source(fd, copy->host));
	return steal_fd(&fd);
}

static int stream_in(struct copying *copying, struct rootdir *child)
{
	if (isatty(STDIN_FILENO)) {
		refuse("standard input is a terminal, not an archive");
		hint("pipe an archive in");
		return -EINVAL;
	}
	/* There is nothing to load a library from in the cell. */
	TRY(stream_load(COMPRESSION_GZIP));
	TRY(stream_load(COMPRESSION_ZSTD));
	copying->fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	if (copying->fd < 0)
		return fail("cannot read standard input");
	child->cell_in = copying->fd;
	TRY(rootdir_start(child));
	return rootdir_wait(child);
}

static int write_outside(struct copying *copying)
{
	signal(SIGPIPE, SIG_IGN);
	return write_archive(copying->source, TOP, copying->fd);
}

int copy_in(const struct copy *copy)
{
	AUTO(copying) copying = { .copy = copy, .name = TOP, .fd = -1, .root = -1, .source = -1 };
	AUTO(rootdir) child = ROOTDIR_INIT;

	child.record = copy->record;
	child.spec = copy->spec;
	child.body = in_inside;
	child.arg = &copying;
	copying.base = base_name(copy->host, true);
	if (strcmp(copy->host, "-") == 0)
		return stream_in(&copying, &child);
	copying.source = open_outside(copy);
	TRY(copying.source);
	return through_pipe(&copying, &child, write_outside);
}
