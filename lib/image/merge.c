/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/merge.h"

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
#include "image/sink_place.h"

struct numbers {
	int *v;
	size_t n;
};

static void numbers_release(struct numbers *numbers)
{
	free(numbers->v);
}

/*
 * Only the roots of the layers stay open: directories are opened by their path from there for each
 * step, so that neither depth nor the number of layers is limited by that of descriptors.
 */
struct merge {
	struct numbers roots;
	int (*each)(const struct merge_entry *entry, void *arg);
	void *arg;
	struct buf path; /* of the directory at hand, with a '/' at the end; empty: the root */
};

static void merge_release(struct merge *merge)
{
	for (size_t i = 0; i < merge->roots.n; i++)
		close(merge->roots.v[i]);
	numbers_release(&merge->roots);
	buf_release(&merge->path);
}

/* A name in a directory, and the layer it is in. */
struct name {
	char *text;
	int layer;
};

struct name_list {
	struct name *v;
	size_t n;
};

static void name_list_release(struct name_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i].text);
	free(list->v);
}

/* The same names beside each other, the topmost layer's first. */
static int compare_names(const void *a, const void *b)
{
	const struct name *left = a, *right = b;
	int rc = strcmp(left->text, right->text);

	return rc != 0 ? rc : left->layer - right->layer;
}

static int list_names(const struct merge *merge, int layer, struct name_list *list)
{
	const char *path = merge->path.len > 0 ? merge->path.data : ".";
	int fd = path_open_beneath(merge->roots.v[layer], path, O_RDONLY | O_DIRECTORY, 0);
	autodir DIR *dir = NULL;
	struct dirent *entry;

	TRY(fd);
	dir = fdopendir(fd);
	if (dir == NULL) {
		close(fd);
		return fail("cannot read the directory '%s'", path);
	}
	while ((errno = 0, entry = readdir(dir)) != NULL) {
		struct name *name;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		name = VEC_PUSH(list);
		name->text = xstrdup(entry->d_name);
		name->layer = layer;
	}
	return errno == 0 ? 0 : fail("cannot read the directory '%s'", path);
}

static int open_entry(const struct merge *merge, int layer, const char *path, struct stat *st)
{
	autoclose int fd = path_open_beneath(merge->roots.v[layer], path, O_PATH | O_NOFOLLOW, 0);

	TRY(fd);
	if (fstat(fd, st) < 0)
		return fail("cannot look at '%s'", path);
	return steal_fd(&fd);
}

static int is_opaque(const struct merge *merge, int layer, const char *path)
{
	autoclose int fd =
		path_open_beneath(merge->roots.v[layer], path, O_RDONLY | O_DIRECTORY, 0);
	char value;

	TRY(fd);
	return fgetxattr(fd, SINK_OPAQUE_XATTR, &value, 1) == 1 && value == 'y';
}

/* Which layers make up a directory: those below the topmost one as well, up to an opaque one or one
 * that has something else there. */
static int find_parts(const struct merge *merge, const struct name *names, size_t n,
		      const char *path, struct numbers *ret_layers)
{
	for (size_t i = 0; i < n; i++) {
		autoclose int fd = -1;
		struct stat st;
		int opaque;

		fd = open_entry(merge, names[i].layer, path, &st);
		TRY(fd);
		if (!S_ISDIR(st.st_mode))
			return 0;
		*VEC_PUSH(ret_layers) = names[i].layer;
		opaque = is_opaque(merge, names[i].layer, path);
		TRY(opaque);
		if (opaque == 1)
			return 0;
	}
	return 0;
}

/* The recursion is bounded by the depth that a layer may have. */
static int walk(struct merge *merge, const struct numbers *layers);

/* One name, which n layers have. */
static int visit(struct merge *merge, const struct name *names, size_t n)
{
	autofree char *path = xasprintf("%s%s", merge->path.data, names[0].text);
	AUTO(numbers) parts = { 0 };
	struct merge_entry entry = { .path = path };
	size_t len = merge->path.len;
	int rc;

	entry.fd = open_entry(merge, names[0].layer, path, &entry.st);
	TRY(entry.fd);
	rc = is_whiteout(&entry.st) ? 0 : merge->each(&entry, merge->arg);
	close(entry.fd);
	if (rc < 0 || !S_ISDIR(entry.st.st_mode))
		return rc;
	TRY(find_parts(merge, names, n, path, &parts));
	buf_addf(&merge->path, "%s/", names[0].text);
	rc = walk(merge, &parts);
	buf_truncate(&merge->path, len);
	return rc;
}

static int walk(struct merge *merge, const struct numbers *layers)
{
	AUTO(name_list) list = { 0 };

	for (size_t i = 0; i < layers->n; i++)
		TRY(list_names(merge, layers->v[i], &list));
	if (list.n > 0)
		qsort(list.v, list.n, sizeof(*list.v), compare_names);
	for (size_t i = 0, n; i < list.n; i += n) {
		for (n = 1; i + n < list.n; n++)
			if (strcmp(list.v[i].text, list.v[i + n].text) != 0)
				break;
		TRY(visit(merge, &list.v[i], n));
	}
	return 0;
}

int merge_walk(const struct strvec *layers, int (*each)(const struct merge_entry *entry, void *arg),
	       void *arg)
{
	AUTO(merge) merge = { .each = each, .arg = arg, .path = BUF_INIT };
	AUTO(numbers) all = { 0 };

	for (size_t i = 0; i < layers->n; i++) {
		int fd = fs_open(AT_FDCWD, layers->v[i], O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);

		TRY(fd);
		*VEC_PUSH(&merge.roots) = fd;
		*VEC_PUSH(&all) = (int)i;
	}
	return walk(&merge, &all);
}
