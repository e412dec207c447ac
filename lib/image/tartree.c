/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/tartree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/path.h"
#include "base/vec.h"

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list(int fd, const char *name, struct strvec *ret_names)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	autodir DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
	struct dirent *entry;

	if (dir == NULL) {
		if (copy >= 0)
			close(copy);
		return fail("cannot read the directory '%s'", name);
	}
	while ((errno = 0, entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			strvec_push(ret_names, entry->d_name);
	if (errno != 0)
		return fail("cannot read the directory '%s'", name);
	if (ret_names->n > 0)
		qsort(ret_names->v, ret_names->n, sizeof(*ret_names->v), compare_texts);
	return 0;
}

/* The recursion is bounded by the number of descriptors: one for each level. */
static int put_directory(struct tarfiles *files, int fd, const char *name)
{
	autoclose int dir = path_reopen(fd, O_RDONLY | O_DIRECTORY);
	AUTO(strvec) names = STRVEC_INIT;

	TRY(dir);
	TRY(list(dir, name, &names));
	for (size_t i = 0; i < names.n; i++) {
		autofree char *path = xasprintf("%s/%s", name, names.v[i]);
		autoclose int entry = openat(dir, names.v[i], O_PATH | O_NOFOLLOW | O_CLOEXEC);

		if (entry < 0 && errno == ENOENT)
			continue;
		if (entry < 0)
			return fail("cannot open '%s'", path);
		TRY(tartree_put(files, entry, path));
	}
	return 0;
}

int tartree_put(struct tarfiles *files, int fd, const char *name)
{
	struct stat st;
	const struct tarfiles_entry entry = { .path = name, .st = &st, .fd = fd };

	if (fstat(fd, &st) < 0)
		return fail("cannot look at '%s'", name);
	TRY(tarfiles_put(files, &entry));
	return S_ISDIR(st.st_mode) ? put_directory(files, fd, name) : 0;
}
