/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/changes.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"
#include "image/layerdirs.h"
#include "image/sink_place.h"

#define UPPER 0

struct changes {
	struct layerdirs roots;
	const struct owners *owners;
	struct buf path; /* of the directory at hand, with a '/' at the end; empty: the root */
	struct buf *out;
};

static void changes_release(struct changes *changes)
{
	layerdirs_release(&changes->roots);
	buf_release(&changes->path);
}

/* What lies under a name in the layers below: the topmost thing, and where that is a directory, all
 * the layers that make it up. */
struct lower {
	bool exists;
	struct stat st;
	struct {
		int *v;
		size_t n;
	} parts;
};

static void lower_release(struct lower *lower)
{
	free(lower->parts.v);
}

/* 1: nothing below it counts. */
static int look_at(const struct changes *changes, int layer, const char *path, struct lower *lower)
{
	struct stat st;
	autoclose int fd = layerdirs_entry(&changes->roots, layer, path, &st);

	if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP) {
		err_clear();
		return fd != -ENOENT;
	}
	TRY(fd);
	if (is_whiteout(&st) || (lower->exists && !S_ISDIR(st.st_mode)))
		return 1;
	if (!lower->exists)
		lower->st = st;
	lower->exists = true;
	if (!S_ISDIR(st.st_mode))
		return 1;
	*VEC_PUSH(&lower->parts) = layer;
	return layerdirs_is_opaque(&changes->roots, layer, path);
}

static int find_lower(const struct changes *changes, const struct lower *parent, const char *path,
		      struct lower *ret_lower)
{
	int rc = 0;

	for (size_t i = 0; i < parent->parts.n && rc == 0; i++)
		rc = look_at(changes, parent->parts.v[i], path, ret_lower);
	owners_apply(changes->owners, UPPER + 1, &ret_lower->st);
	return rc < 0 ? rc : 0;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	if (a->st_mode != b->st_mode || a->st_uid != b->st_uid || a->st_gid != b->st_gid)
		return false;
	if (S_ISDIR(a->st_mode))
		return true;
	return a->st_rdev == b->st_rdev && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int add(const struct changes *changes, enum change_kind kind, const char *path)
{
	buf_add_char(changes->out, (char)kind);
	buf_add_char(changes->out, '/');
	buf_add_str(changes->out, path);
	buf_add_char(changes->out, '\0');
	if (changes->out->len > MAX_CHANGES)
		return refuse_with(EFBIG, "the list of changes has more than %lu bytes",
				   MAX_CHANGES);
	return 0;
}

/* The recursion is bounded by PATH_MAX. */
static int walk(struct changes *changes, const struct lower *lower, bool opaque);

static int visit_directory(struct changes *changes, const char *path, const struct stat *st,
			   const struct lower *lower, bool opaque)
{
	enum change_kind kind = lower->exists ? CHANGE_CHANGED : CHANGE_ADDED;
	int own = layerdirs_is_opaque(&changes->roots, UPPER, path);
	size_t before = changes->out->len, len = changes->path.len, after;
	int rc;

	TRY(own);
	TRY(add(changes, kind, path));
	after = changes->out->len;
	buf_clear(&changes->path);
	buf_addf(&changes->path, "%s/", path);
	rc = walk(changes, lower, opaque || own == 1);
	buf_truncate(&changes->path, len);
	if (rc >= 0 && kind == CHANGE_CHANGED && changes->out->len == after &&
	    is_same(st, &lower->st))
		buf_truncate(changes->out, before);
	return rc;
}

static int visit(struct changes *changes, const struct layer_name *name, const struct lower *parent,
		 bool opaque)
{
	autofree char *path = xasprintf("%s%s", changes->path.data, name->text);
	AUTO(lower) lower = { 0 };
	autoclose int fd = -1;
	struct stat st;

	TRY(find_lower(changes, parent, path, &lower));
	if (name->layer != UPPER)
		return lower.exists ? add(changes, CHANGE_DELETED, path) : 0;
	fd = layerdirs_entry(&changes->roots, UPPER, path, &st);
	TRY(fd);
	if (is_whiteout(&st))
		return lower.exists ? add(changes, CHANGE_DELETED, path) : 0;
	owners_apply(changes->owners, UPPER, &st);
	if (S_ISDIR(st.st_mode))
		return visit_directory(changes, path, &st, &lower, opaque);
	if (lower.exists && is_same(&st, &lower.st))
		return 0;
	return add(changes, lower.exists ? CHANGE_CHANGED : CHANGE_ADDED, path);
}

static int walk(struct changes *changes, const struct lower *lower, bool opaque)
{
	AUTO(layer_names) names = { 0 };

	TRY(layerdirs_list(&changes->roots, UPPER, changes->path.data, &names));
	for (size_t i = 0; opaque && i < lower->parts.n; i++)
		TRY(layerdirs_list(&changes->roots, lower->parts.v[i], changes->path.data, &names));
	layer_names_sort(&names);
	for (size_t i = 0; i < names.n; i += layer_names_same(&names.v[i], names.n - i)) {
		int rc = visit(changes, &names.v[i], lower, opaque);

		if (rc == -ENOENT || rc == -ENOTDIR)
			err_clear();
		else
			TRY(rc);
	}
	return 0;
}

int changes_find(const struct strvec *layers, const struct owners *owners, struct buf *out)
{
	AUTO(changes) changes = { .owners = owners, .path = BUF_INIT, .out = out };
	AUTO(lower) all = { .exists = true };

	TRY(layerdirs_open(layers, &changes.roots));
	for (size_t i = 1; i < layers->n; i++)
		*VEC_PUSH(&all.parts) = (int)i;
	return walk(&changes, &all, false);
}
