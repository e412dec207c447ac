/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/layerdirs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/path.h"
#include "image/sink.h"

int layerdirs_open(const struct strvec *layers, struct layerdirs *ret_dirs)
{
	AUTO(layerdirs) dirs = { 0 };

	for (size_t i = 0; i < layers->n; i++) {
		int fd = fs_open(AT_FDCWD, layers->v[i], O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);

		TRY(fd);
		*VEC_PUSH(&dirs) = fd;
	}
	*ret_dirs = dirs;
	dirs = (struct layerdirs){ 0 };
	return 0;
}

void layerdirs_release(struct layerdirs *dirs)
{
	for (size_t i = 0; i < dirs->n; i++)
		close(dirs->v[i]);
	free(dirs->v);
}

void layer_names_release(struct layer_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->v[i].text);
	free(names->v);
}

static int compare_names(const void *a, const void *b)
{
	const struct layer_name *left = a, *right = b;
	int rc = strcmp(left->text, right->text);

	return rc != 0 ? rc : left->layer - right->layer;
}

void layer_names_sort(struct layer_names *names)
{
	if (names->n > 0)
		qsort(names->v, names->n, sizeof(*names->v), compare_names);
}

size_t layer_names_same(const struct layer_name *names, size_t n)
{
	size_t same = 1;

	while (same < n && strcmp(names[0].text, names[same].text) == 0)
		same++;
	return same;
}

int layerdirs_list(const struct layerdirs *dirs, int layer, const char *path,
		   struct layer_names *names)
{
	int fd = path_open_beneath(dirs->v[layer], *path != '\0' ? path : ".",
				   O_RDONLY | O_DIRECTORY, 0);
	autodir DIR *dir = NULL;
	struct dirent *entry;

	TRY(fd);
	dir = fdopendir(fd);
	if (dir == NULL) {
		close(fd);
		return fail("cannot read the directory '%s'", path);
	}
	while ((errno = 0, entry = readdir(dir)) != NULL) {
		struct layer_name *name;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		name = VEC_PUSH(names);
		name->text = xstrdup(entry->d_name);
		name->layer = layer;
	}
	return errno == 0 ? 0 : fail("cannot read the directory '%s'", path);
}

int layerdirs_entry(const struct layerdirs *dirs, int layer, const char *path, struct stat *ret_st)
{
	autoclose int fd = path_open_beneath(dirs->v[layer], path, O_PATH | O_NOFOLLOW, 0);

	TRY(fd);
	if (fstat(fd, ret_st) < 0)
		return fail("cannot look at '%s'", path);
	return steal_fd(&fd);
}

int layerdirs_is_opaque(const struct layerdirs *dirs, int layer, const char *path)
{
	autoclose int fd = path_open_beneath(dirs->v[layer], path, O_RDONLY | O_DIRECTORY, 0);
	char value;

	TRY(fd);
	return fgetxattr(fd, SINK_OPAQUE_XATTR, &value, 1) == 1 && value == 'y';
}
