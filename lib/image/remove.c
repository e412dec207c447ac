/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/remove.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "image/catalog.h"
#include "image/list.h"
#include "image/lookup.h"
#include "image/plan.h"

#define PATIENCE_MS 2000 /* with those that were just killed: they let go when they are gone */

struct remove {
	struct store *store;
	const char *text;
	int flags; /* enum removal_flags */
	removal_users users;
	void *arg;
	struct catalog catalog;
	struct image_items items; /* all of the store */
	struct image_item item;   /* the one that is meant */
	struct strvec members;    /* images of an index that goes */
	bool by_name;
	int lock; /* of the image, where the last name goes */
};

static void remove_release(struct remove *r)
{
	strvec_release(&r->members);
	image_item_release(&r->item);
	image_items_release(&r->items);
	catalog_release(&r->catalog);
	if (r->lock >= 0)
		close(r->lock);
}

void removal_release(struct removal *removal)
{
	strvec_release(&removal->untagged);
	strvec_release(&removal->deleted);
}

static bool same_image(const struct image_item *a, const struct image_item *b)
{
	return strcmp(image_item_key(a), image_item_key(b)) == 0;
}

static size_t count_names(const struct remove *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->items.n; i++)
		n += r->items.v[i].name != NULL && same_image(&r->item, &r->items.v[i]) ? 1 : 0;
	return n;
}

static int refuse_names(const struct remove *r)
{
	AUTO(buf) names = BUF_INIT;

	for (size_t i = 0; i < r->items.n; i++)
		if (r->items.v[i].name != NULL && same_image(&r->item, &r->items.v[i]))
			buf_addf(&names, "%s%s", names.len > 0 ? ", " : "", r->items.v[i].name);
	refuse_with(EBUSY, "the image '%s' has several names: %s", r->text, names.data);
	hint("remove them one by one, or all with --force");
	return -EBUSY;
}

static int lock_plan(const struct remove *r)
{
	const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };
	int lock = plan_lock(r->store, r->item.id);

	for (int ms = 0; (r->flags & REMOVAL_FORCE) != 0 && lock == -EBUSY && ms < PATIENCE_MS;
	     ms += 10) {
		nanosleep(&pause, NULL);
		lock = plan_lock(r->store, r->item.id);
	}
	return lock;
}

/* Lock the image against new users, and see that it has none. */
static int lock_image(struct remove *r)
{
	const char *id = r->item.id;

	if (id[0] == '\0')
		return 0;
	if ((r->flags & REMOVAL_FORCE) != 0)
		TRY(fail_in(r->users(r->arg, id, true), "image '%s'", r->text));
	r->lock = lock_plan(r);
	if (r->lock == -EBUSY) {
		refuse_with(EBUSY, "image '%s': it is in use by a running container", r->text);
		return -EBUSY;
	}
	if (r->lock < 0 && r->lock != -ENOENT)
		return r->lock;
	return fail_in(r->users(r->arg, id, false), "image '%s'", r->text);
}

/* Take the entries out of the catalog: the one that was named, or all of the image. */
static void drop_entries(struct remove *r, bool all, struct removal *removal)
{
	for (size_t i = r->items.n; i-- > 0;) {
		const struct image_item *item = &r->items.v[i];

		if (item->entry < 0 ||
		    (all ? !same_image(&r->item, item) : item->entry != r->item.entry))
			continue;
		if (item->name != NULL)
			strvec_push(&removal->untagged, item->name);
		list_members(r->store, r->catalog.v[item->entry].descriptor.digest, &r->members);
		catalog_remove(&r->catalog, (size_t)item->entry);
	}
}

static int remove_all(struct remove *r, struct removal *removal)
{
	TRY(lock_image(r));
	/* Before anything goes, so that what stays when we are killed is found. */
	TRY(store_mark_garbage(r->store));
	drop_entries(r, true, removal);
	TRY(catalog_commit(&r->catalog));
	TRY(list_forget_members(r->store, &r->members, r->users, r->arg));
	if (r->item.id[0] != '\0')
		TRY(plan_remove(r->store, r->item.id));
	strvec_push(&removal->deleted, image_item_key(&r->item));
	return 1;
}

/* 1: something is left to sweep. */
static int remove_image(struct remove *r, struct removal *removal)
{
	size_t names;

	TRY(catalog_open_locked(r->store, &r->catalog));
	TRY(lookup(&r->catalog, r->text, &r->item, &r->by_name));
	TRY(lookup_all(&r->catalog, false, &r->items));
	names = count_names(r);
	if (!r->by_name && names > 1 && r->flags == 0)
		return refuse_names(r);
	if (!r->by_name || names <= 1)
		return remove_all(r, removal);
	drop_entries(r, false, removal);
	if (r->members.n > 0)
		TRY(store_mark_garbage(r->store));
	TRY(catalog_commit(&r->catalog));
	TRY(list_forget_members(r->store, &r->members, r->users, r->arg));
	return r->members.n > 0 ? 1 : 0;
}

int image_remove(struct store *store, const char *text, int flags, removal_users users, void *arg,
		 struct removal *removal)
{
	struct remove r = {
		.store = store, .text = text, .flags = flags, .users = users, .arg = arg, .lock = -1
	};
	int rc;

	r.catalog = (struct catalog)CATALOG_INIT;
	rc = remove_image(&r, removal);
	remove_release(&r);
	return rc;
}
