/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/fs.h"

void outfile_release(struct outfile *file)
{
	if (file->tmp != NULL)
		unlinkat(file->dir, file->tmp, 0);
	cleanup_close(&file->fd);
	cleanup_close(&file->dir);
	free(file->name);
	free(file->path);
	free(file->tmp);
	*file = (struct outfile)OUTFILE_INIT;
}

static int open_in_place(struct outfile *file, const char *path)
{
	file->fd = path == NULL
			   ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
			   : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_CLOEXEC, 0666);
	return file->fd >= 0 ? 0 : fail("cannot open '%s'", file->name);
}

static const char *last_component(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

static int make_tmp_name(struct outfile *file)
{
	char random[17];

	TRY(fs_random_hex(random, 8));
	file->tmp = xasprintf(".berth-%s", random);
	return 0;
}

/* A file without a name goes by itself when the writer dies. Not every file system has them. */
static int open_new(struct outfile *file, const char *path)
{
	autofree char *dir = xstrndup(path, (size_t)(last_component(path) - path));

	file->dir = fs_open(AT_FDCWD, dir[0] != '\0' ? dir : ".", O_PATH | O_DIRECTORY, 0);
	TRY(file->dir);
	file->path = xstrdup(last_component(path));
	file->fd = openat(file->dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
	if (file->fd >= 0)
		return 0;
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)
		return fail("cannot make a file in the directory of '%s'", path);
	TRY(make_tmp_name(file));
	file->fd = openat(file->dir, file->tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	return file->fd >= 0 ? 0 : fail("cannot make a file in the directory of '%s'", path);
}

static int open_path(struct outfile *file, const char *path)
{
	struct stat st;

	if (path == NULL)
		return open_in_place(file, path);
	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return open_in_place(file, path);
	return open_new(file, path);
}

int outfile_open(const char *path, const char *what, struct outfile *ret_file)
{
	struct outfile file = OUTFILE_INIT;
	int rc;

	if (path != NULL && strcmp(path, "-") == 0)
		path = NULL;
	file.name = xstrdup(path != NULL ? path : "standard output");
	rc = open_path(&file, path);
	if (rc >= 0 && isatty(file.fd)) {
		rc = refuse("%s is not written to a terminal", what);
		hint("name a file with -o, or redirect the output");
	}
	if (rc < 0)
		outfile_release(&file);
	else
		*ret_file = file;
	return rc;
}

/* Give the file without a name its name, or one that is to be renamed where there is a file. */
static int place(struct outfile *file)
{
	autofree char *self = xasprintf("/proc/self/fd/%d", file->fd);

	if (linkat(AT_FDCWD, self, file->dir, file->path, AT_SYMLINK_FOLLOW) == 0)
		return 1;
	if (errno != EEXIST)
		return fail("cannot make '%s'", file->name);
	TRY(make_tmp_name(file));
	if (linkat(AT_FDCWD, self, file->dir, file->tmp, AT_SYMLINK_FOLLOW) == 0)
		return 0;
	free(steal(file->tmp));
	return fail("cannot make a file in the directory of '%s'", file->name);
}

int outfile_commit(struct outfile *file)
{
	int rc = 0;

	if (file->path == NULL)
		return 0;
	if (fsync(file->fd) < 0)
		return fail("cannot write '%s' to the disk", file->name);
	if (file->tmp == NULL)
		rc = place(file);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	if (renameat(file->dir, file->tmp, file->dir, file->path) < 0)
		return fail("cannot make '%s'", file->name);
	free(steal(file->tmp));
	return 0;
}

int outfile_advise(int rc)
{
	if (rc == -ENOSPC || rc == -EDQUOT)
		hint("free some space where that is, or write it elsewhere");
	return rc;
}
