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

static void member_release(struct member *member)
{
	free(member->image);
	descriptor_release(&member->document);
}

void members_release(struct members *members)
{
	for (size_t i = 0; i < members->n; i++)
		member_release(&members->v[i]);
	free(members->v);
	strvec_release(&members->plans);
	cleanup_close(&members->hold);
}

/* 1: the store has an image of that name. */
static int has_image(struct store *store, const char *image)
{
	AUTO(catalog) catalog = CATALOG_INIT;
	AUTO(image_item) item = { 0 };
	bool by_name;
	int rc;

	TRY(catalog_open(store, &catalog));
	rc = lookup(&catalog, image, &item, &by_name);
	if (rc != -ENOENT)
		return rc < 0 ? rc : 1;
	err_clear();
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

/* With a note, so that what is left when we are killed is found. */
static int hold_store(struct members *members)
{
	if (members->hold >= 0)
		return 0;
	members->hold = store_hold(members->store);
	TRY(members->hold);
	return store_mark_garbage(members->store);
}

static int let_store_go(struct members *members)
{
	if (members->hold < 0)
		return 0;
	cleanup_close(&members->hold);
	members->hold = -1;
	return store_sweep(members->store);
}

static int fetch(struct members *members, const char *name, bool any_platform,
		 struct member *ret_member)
{
	AUTO(strvec) plans = STRVEC_INIT;
	AUTO(platform) platform = { 0 };
	AUTO(pull_result) result = { 0 };
	struct pull_options options = { .keep_blobs = true, .nameless = true };

	TRY(hold_store(members));
	TRY(plan_list(members->store, &plans));
	registry_request_options(members->registry, members->host, &options.registry);
	choose_platform(members->details, &platform);
	options.platform = any_platform || (members->details->architecture == NULL &&
					    members->details->os == NULL)
				   ? NULL
				   : &platform;
	TRY(pull_image(members->store, name, &options, &result));
	if (!strvec_has(&plans, result.id))
		strvec_push(&members->plans, result.id);
	ret_member->image = steal(result.name);
	ret_member->document.media_type = steal(result.media_type);
	ret_member->document.size = result.size;
	memcpy(ret_member->document.digest, result.digest, DIGEST_TEXT_SIZE);
	return 0;
}

/* The members of an index that are not here yet. */
static int fetch_rest(struct members *members, const struct member *index)
{
	AUTO(manifest) m = { 0 };
	AUTO(buf) text = BUF_INIT;
	AUTO(ref) ref = { 0 };
	autofree char *repository = NULL;

	TRY(blob_read(members->store, index->document.digest, MAX_MANIFEST, &text));
	TRY(manifest_parse(text.data, text.len, index->image, &m));
	TRY(ref_parse(index->image, &ref));
	repository = ref_repository(&ref);
	for (size_t i = 0; i < m.manifests.n; i++) {
		const struct descriptor *d = &m.manifests.v[i];
		autofree char *name = xasprintf("%s@%s", repository, d->digest);
		AUTO(member) member = { 0 };

		if (!d->attestation && !blob_exists(members->store, d->digest, d->size))
			TRY(fetch(members, name, true, &member));
	}
	return 0;
}

int members_find(struct members *members, const char *image)
{
	bool remote = strncmp(image, TRANSPORT, strlen(TRANSPORT)) == 0;
	const char *name = image + (remote ? strlen(TRANSPORT) : 0);
	int here = remote ? 0 : has_image(members->store, image);
	struct member member = { 0 };

	TRY(here);
	if (here == 1)
		member.image = xstrdup(image);
	else
		TRY(fetch(members, name, false, &member));
	*VEC_PUSH(members) = member;
	return here == 0 && members->all ? fetch_rest(members, &member) : 0;
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

int members_give_up(struct members *members, int rc)
{
	AUTO(err_kept) kept = err_keep();

	(void)drop_plans(members);
	(void)let_store_go(members);
	err_restore(&kept);
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

static int add(const struct members *members, const struct member *member, struct list *list)
{
	if (member->document.digest[0] == '\0')
		return list_add(list, member->image, members->all, members->details);
	return list_add_document(list, member->image, &member->document, members->all,
				 members->details);
}

int members_add(struct members *members, struct list *list)
{
	for (size_t i = 0; i < members->n; i++)
		TRY(add(members, &members->v[i], list));
	TRY(members_keep(members->store, list));
	TRY(drop_plans(members));
	return let_store_go(members);
}
