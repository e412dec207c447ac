/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/merge.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "image/layerdirs.h"
#include "image/sink_place.h"

struct numbers {
	int *v;
	size_t n;
};

static void numbers_release(struct numbers *numbers)
{
	free(numbers->v);
}

struct merge {
	struct layerdirs roots;
	int (*each)(const struct merge_entry *entry, void *arg);
	void *arg;
	struct buf path; /* of the directory at hand, with a '/' at the end; empty: the root */
};

static void merge_release(struct merge *merge)
{
	layerdirs_release(&merge->roots);
	buf_release(&merge->path);
}

/* Which layers make up a directory: those below the topmost one as well, up to an opaque one or one
 * that has something else there. */
static int find_parts(const struct merge *merge, const struct layer_name *names, size_t n,
		      const char *path, struct numbers *ret_layers)
{
	for (size_t i = 0; i < n; i++) {
		autoclose int fd = -1;
		struct stat st;
		int opaque;

		fd = layerdirs_entry(&merge->roots, names[i].layer, path, &st);
		TRY(fd);
		if (!S_ISDIR(st.st_mode))
			return 0;
		*VEC_PUSH(ret_layers) = names[i].layer;
		opaque = layerdirs_is_opaque(&merge->roots, names[i].layer, path);
		TRY(opaque);
		if (opaque == 1)
			return 0;
	}
	return 0;
}

/* The recursion is bounded by the depth that a layer may have, and by PATH_MAX. */
static int walk(struct merge *merge, const struct numbers *layers);

/* One name, which n layers have. */
static int visit(struct merge *merge, const struct layer_name *names, size_t n)
{
	autofree char *path = xasprintf("%s%s", merge->path.data, names[0].text);
	AUTO(numbers) parts = { 0 };
	struct merge_entry entry = { .path = path, .layer = (size_t)names[0].layer };
	size_t len = merge->path.len;
	int rc;

	entry.fd = layerdirs_entry(&merge->roots, names[0].layer, path, &entry.st);
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
	AUTO(layer_names) list = { 0 };
	int rc;

	for (size_t i = 0; i < layers->n; i++)
		TRY(layerdirs_list(&merge->roots, layers->v[i], merge->path.data, &list));
	layer_names_sort(&list);
	for (size_t i = 0, n; i < list.n; i += n) {
		n = layer_names_same(&list.v[i], list.n - i);
		rc = visit(merge, &list.v[i], n);
		if (rc != -ENOENT)
			TRY(rc);
		else
			err_clear();
	}
	return 0;
}

int merge_walk(const struct strvec *layers, int (*each)(const struct merge_entry *entry, void *arg),
	       void *arg)
{
	AUTO(merge) merge = { .each = each, .arg = arg, .path = BUF_INIT };
	AUTO(numbers) all = { 0 };

	TRY(layerdirs_open(layers, &merge.roots));
	for (size_t i = 0; i < layers->n; i++)
		*VEC_PUSH(&all) = (int)i;
	return walk(&merge, &all);
}
