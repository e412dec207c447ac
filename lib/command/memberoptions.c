/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/memberoptions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/out.h"
#include "command/imageusers.h"
#include "image/blob.h"
#include "image/lookup.h"
#include "image/plan.h"
#include "image/pull.h"

#define TRANSPORT "docker://"

void members_release(struct members *members)
{
	strvec_release(&members->images);
	strvec_release(&members->fetched);
	strvec_release(&members->plans);
}

/* 1 and the descriptor where the store has it. */
static int find_here(struct store *store, const char *image, struct descriptor *ret_descriptor)
{
	AUTO(catalog) catalog = CATALOG_INIT;
	AUTO(image_item) item = { 0 };
	bool by_name;
	int rc;

	TRY(catalog_open(store, &catalog));
	rc = lookup(&catalog, image, &item, &by_name);
	if (rc == -ENOENT) {
		err_clear();
		return 0;
	}
	TRY(rc);
	if (item.entry < 0)
		return refuse("the image '%s' was run from an archive and has no manifest", image);
	descriptor_copy(&catalog.v[item.entry].descriptor, ret_descriptor);
	return 1;
}

static int list_names(struct store *store, struct strvec *names)
{
	AUTO(catalog) catalog = CATALOG_INIT;

	TRY(catalog_open(store, &catalog));
	for (size_t i = 0; i < catalog.n; i++)
		if (catalog.v[i].name != NULL)
			strvec_push(names, catalog.v[i].name);
	return 0;
}

static void choose_platform(const struct list_details *details, struct platform *platform)
{
	platform_host(platform);
	if (details->os != NULL)
		xreplace(&platform->os, details->os);
	if (details->architecture == NULL)
		return;
	xreplace(&platform->architecture, details->architecture);
	xreplace(&platform->variant, details->variant);
}

/* Pull it; what it brought under a name of its own loses that later. */
static int fetch(struct members *members, const char *name, bool any_platform, char **ret_name)
{
	AUTO(strvec) before = STRVEC_INIT, plans = STRVEC_INIT;
	AUTO(platform) platform = { 0 };
	AUTO(pull_result) result = { 0 };
	struct pull_options options = { .keep_blobs = true };

	TRY(list_names(members->store, &before));
	TRY(plan_list(members->store, &plans));
	registry_request_options(members->registry, members->host, &options.registry);
	choose_platform(members->details, &platform);
	options.platform = any_platform || (members->details->architecture == NULL &&
					    members->details->os == NULL)
				   ? NULL
				   : &platform;
	TRY(pull_image(members->store, name, &options, &result));
	if (!strvec_has(&before, result.name))
		strvec_push(&members->fetched, result.name);
	if (!strvec_has(&plans, result.id))
		strvec_push(&members->plans, result.id);
	*ret_name = steal(result.name);
	return 0;
}

/* The members of an index that are not here yet. */
static int fetch_rest(struct members *members, const char *name)
{
	AUTO(descriptor) d = { 0 };
	AUTO(manifest) m = { 0 };
	AUTO(buf) text = BUF_INIT;
	AUTO(ref) ref = { 0 };
	autofree char *repository = NULL;

	TRY(find_here(members->store, name, &d));
	TRY(blob_read(members->store, d.digest, MAX_MANIFEST, &text));
	TRY(manifest_parse(text.data, text.len, name, &m));
	TRY(ref_parse(name, &ref));
	repository = ref_repository(&ref);
	for (size_t i = 0; i < m.manifests.n; i++) {
		const struct descriptor *member = &m.manifests.v[i];
		autofree char *one = xasprintf("%s@%s", repository, member->digest);
		autofree char *pulled = NULL;

		if (!member->attestation &&
		    !blob_exists(members->store, member->digest, member->size))
			TRY(fetch(members, one, true, &pulled));
	}
	return 0;
}

int members_find(struct members *members, const char *image)
{
	bool remote = strncmp(image, TRANSPORT, strlen(TRANSPORT)) == 0;
	AUTO(descriptor) d = { 0 };
	autofree char *name = NULL;

	if (!remote) {
		int here = find_here(members->store, image, &d);

		if (here == 1)
			strvec_push(&members->images, image);
		if (here != 0)
			return here < 0 ? here : 0;
	}
	TRY(fetch(members, remote ? image + strlen(TRANSPORT) : image, false, &name));
	if (members->all)
		TRY(fetch_rest(members, name));
	strvec_push(&members->images, name);
	return 0;
}

static void drop_fetched(const struct members *members, struct catalog *catalog)
{
	for (size_t i = 0; i < members->fetched.n; i++) {
		const struct catalog_entry *entry = catalog_find(catalog, members->fetched.v[i]);

		if (entry != NULL)
			catalog_remove(catalog, (size_t)(entry - catalog->v));
	}
}

/* What was pulled is ready to run, and so an image of its own. It can be made so again, out of the
 * list; who runs it already has locked it. */
static int drop_plans(const struct members *members)
{
	for (size_t i = 0; i < members->plans.n; i++) {
		autoclose int lock = plan_lock(members->store, members->plans.v[i]);

		if (lock == -EBUSY || lock == -ENOENT)
			continue;
		TRY(lock);
		if (imageusers_find((void *)members->host, members->plans.v[i], false) < 0)
			err_clear();
		else
			TRY(plan_remove(members->store, members->plans.v[i]));
	}
	return 0;
}

/* A note is made first, so that what is left when we are killed is found. */
static int drop_all(struct members *members)
{
	AUTO(catalog) catalog = CATALOG_INIT;

	TRY(catalog_open_locked(members->store, &catalog));
	TRY(store_mark_garbage(members->store));
	drop_fetched(members, &catalog);
	TRY(catalog_commit(&catalog));
	return drop_plans(members);
}

int members_give_up(struct members *members, int rc)
{
	autofree char *text = xstrdup(err_text());
	autofree char *fix = xstrdup(err_hint());

	if (members->fetched.n + members->plans.n > 0 && drop_all(members) >= 0)
		(void)store_sweep(members->store);
	err_set(text, fix);
	return rc;
}

int members_keep(struct store *store, struct list *list)
{
	list->users = imageusers_find;
	list->users_arg = (void *)store->host;
	TRY(list_commit(list));
	TRY(out_line("%s", digest_hex(list->digest)));
	list_release(list);
	return store_sweep(store);
}

int members_add(struct members *members, struct list *list)
{
	for (size_t i = 0; i < members->images.n; i++)
		TRY(list_add(list, members->images.v[i], members->all, members->details));
	if (members->fetched.n > 0)
		TRY(store_mark_garbage(members->store));
	drop_fetched(members, &list->catalog);
	TRY(members_keep(members->store, list));
	return drop_plans(members);
}
