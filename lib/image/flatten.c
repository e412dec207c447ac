/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/flatten.h"

#include "base/err.h"
#include "image/merge.h"
#include "image/tarfiles.h"

struct flatten {
	const struct strvec *layers;
	const struct owners *owners;
	struct tarfiles files;
};

static void flatten_release(struct flatten *f)
{
	tarfiles_release(&f->files);
}

static int put_entry(const struct merge_entry *entry, void *arg)
{
	struct flatten *f = arg;
	struct stat st = entry->st;
	const struct tarfiles_entry file = { .path = entry->path, .st = &st, .fd = entry->fd };

	owners_apply(f->owners, entry->layer, &st);
	return tarfiles_put(&f->files, &file);
}

/* As root of the store's maps, so that owners are those that a container sees. */
static int flatten_inside(void *arg)
{
	struct flatten *f = arg;

	TRY(merge_walk(f->layers, put_entry, f));
	return tarwrite_end(&f->files.tar);
}

int flatten(const struct store *store, const struct strvec *layers, const struct owners *owners,
	    int fd, const char *name)
{
	AUTO(flatten) f = { .layers = layers, .owners = owners };

	tarfiles_init(&f.files, fd, name);
	f.files.kept_owners = store->tier == TIER_SINGLE;
	f.files.live = owners != NULL;
	if (store->maps.uid.n == 0)
		return flatten_inside(&f);
	return idmap_run(&store->maps, flatten_inside, &f);
}
