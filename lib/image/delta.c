/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/delta.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/buf.h"
#include "base/err.h"
#include "image/layerdirs.h"
#include "image/sink_place.h"
#include "image/tarfiles.h"

#define WHITEOUT ".wh."
#define OPAQUE ".wh..wh..opq"

struct delta {
	const char *upper;
	const struct owners *owners;
	struct layerdirs roots; /* only the one */
	struct buf path; /* of the directory at hand, with a '/' at the end; empty: the root */
	struct tarfiles files;
};

static void delta_release(struct delta *delta)
{
	layerdirs_release(&delta->roots);
	buf_release(&delta->path);
	tarfiles_release(&delta->files);
}

/* An empty file whose name says it all. */
static int put_mark(struct delta *delta, const char *path, const struct stat *st)
{
	const struct tar_entry tar = {
		.type = TAR_FILE,
		.path = path,
		.link = "",
		.mode = 0600,
		.mtime = st->st_mtim.tv_sec,
	};

	return tarwrite_entry(&delta->files.tar, &tar);
}

static int put_whiteout(struct delta *delta, const char *name, const struct stat *st)
{
	autofree char *path = xasprintf("%s" WHITEOUT "%s", delta->path.data, name);

	if (strlen(name) + strlen(WHITEOUT) > MAX_TAR_COMPONENT)
		return refuse_with(ENAMETOOLONG,
				   "'/%s%s' was removed, and its name is too long for a layer to "
				   "say so",
				   delta->path.data, name);
	return put_mark(delta, path, st);
}

/* The recursion is bounded by PATH_MAX. */
static int walk(struct delta *delta);

static int walk_directory(struct delta *delta, const char *path, const struct stat *st)
{
	int opaque = layerdirs_is_opaque(&delta->roots, 0, path);
	size_t len = delta->path.len;
	int rc = 0;

	TRY(opaque);
	buf_clear(&delta->path);
	buf_addf(&delta->path, "%s/", path);
	if (opaque == 1) {
		autofree char *mark = xasprintf("%s" OPAQUE, delta->path.data);

		rc = put_mark(delta, mark, st);
	}
	if (rc >= 0)
		rc = walk(delta);
	buf_truncate(&delta->path, len);
	return rc;
}

static int visit(struct delta *delta, const char *name)
{
	autofree char *path = xasprintf("%s%s", delta->path.data, name);
	struct stat st;
	autoclose int fd = layerdirs_entry(&delta->roots, 0, path, &st);
	const struct tarfiles_entry entry = { .path = path, .st = &st, .fd = fd };

	TRY(fd);
	if (is_whiteout(&st))
		return put_whiteout(delta, name, &st);
	if (strncmp(name, WHITEOUT, strlen(WHITEOUT)) == 0) {
		refuse("the container has a file '/%s', and in a layer the name means another "
		       "thing",
		       path);
		hint("remove it, or rename it");
		return -EINVAL;
	}
	owners_apply(delta->owners, 0, &st);
	TRY(tarfiles_put(&delta->files, &entry));
	return S_ISDIR(st.st_mode) ? walk_directory(delta, path, &st) : 0;
}

static int walk(struct delta *delta)
{
	AUTO(layer_names) names = { 0 };

	TRY(layerdirs_list(&delta->roots, 0, delta->path.data, &names));
	layer_names_sort(&names);
	for (size_t i = 0; i < names.n; i++) {
		int rc = visit(delta, names.v[i].text);

		/* It went away just now. */
		if (rc == -ENOENT)
			err_clear();
		else
			TRY(rc);
	}
	return 0;
}

/* As root of the store's maps. */
static int write_inside(void *arg)
{
	struct delta *delta = arg;
	const struct strvec only = { .v = (char **)&delta->upper, .n = 1 };

	if (delta->upper != NULL) {
		TRY(layerdirs_open(&only, &delta->roots));
		TRY(walk(delta));
	}
	return tarwrite_end(&delta->files.tar);
}

int delta_write(const struct store *store, const char *upper, const struct owners *owners, int fd)
{
	AUTO(delta) delta = { .upper = upper, .owners = owners, .path = BUF_INIT };

	tarfiles_init(&delta.files, fd, "the layer");
	delta.files.kept_owners = store->tier == TIER_SINGLE;
	delta.files.live = true;
	if (store->maps.uid.n == 0)
		return write_inside(&delta);
	return idmap_run(&store->maps, write_inside, &delta);
}
