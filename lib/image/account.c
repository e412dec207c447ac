/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/account.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "image/catalog.h"

struct taking {
	struct store *store;
	struct catalog catalog;
	struct account account;
};

void account_release(struct account *account)
{
	for (size_t i = 0; i < account->n; i++) {
		reach_release(&account->v[i].reach);
		strvec_release(&account->v[i].names);
	}
	free(account->v);
	free(account->needed);
	usage_release(&account->usage);
	*account = (struct account){ 0 };
}

static void taking_release(struct taking *taking)
{
	account_release(&taking->account);
	catalog_release(&taking->catalog);
}

/* What the entries of an image lead to. Where that cannot be read nothing is known to go with it.
 */
static void reach_entries(const struct taking *taking, const struct prune_candidate *candidate,
			  struct reach *reach)
{
	for (size_t i = 0; i < taking->catalog.n; i++) {
		const struct catalog_entry *entry = &taking->catalog.v[i];

		if (entry->name != NULL ? !strvec_has(candidate->names, entry->name)
					: strcmp(entry->descriptor.digest, candidate->digest) != 0)
			continue;
		if (reach_manifest(reach, &entry->descriptor) < 0)
			err_clear();
	}
	if (candidate->id[0] != '\0' && reach_plan(reach, candidate->id) < 0)
		err_clear();
	reach_sort(reach);
}

static int add_image(const struct prune_candidate *candidate, void *arg)
{
	struct taking *taking = arg;
	struct accounted *image = VEC_PUSH(&taking->account);

	snprintf(image->id, sizeof(image->id), "%s", candidate->id);
	snprintf(image->digest, sizeof(image->digest), "%s", candidate->digest);
	strvec_push_all(&image->names, candidate->names);
	image->used = candidate->used;
	image->reach.store = taking->store;
	reach_entries(taking, candidate, &image->reach);
	return 0;
}

static bool needs(const struct accounted *image, const struct usage_object *object)
{
	return object->layer ? reach_has_layer(&image->reach, object->hex)
			     : reach_has_blob(&image->reach, object->hex);
}

static void count_needs(struct account *account)
{
	account->needed = xcalloc(account->usage.n + 1, sizeof(*account->needed));
	for (size_t k = 0; k < account->usage.n; k++)
		for (size_t i = 0; i < account->n; i++)
			account->needed[k] += needs(&account->v[i], &account->usage.v[k]) ? 1 : 0;
}

int account_take(struct store *store, struct account *ret_account)
{
	AUTO(taking) taking = { .store = store, .catalog = CATALOG_INIT };

	TRY(usage_measure(store, &taking.account.usage));
	TRY(catalog_open(store, &taking.catalog));
	TRY(prune_each(store, add_image, &taking));
	count_needs(&taking.account);
	*ret_account = taking.account;
	taking.account = (struct account){ 0 };
	return 0;
}

static uint64_t sum(const struct account *account, const struct accounted *image, bool alone)
{
	uint64_t bytes = 0;

	for (size_t k = 0; k < account->usage.n; k++)
		if ((account->needed[k] == 1) == alone && needs(image, &account->usage.v[k]))
			bytes += account->usage.v[k].bytes;
	return bytes;
}

uint64_t account_unique(const struct account *account, const struct accounted *image)
{
	return sum(account, image, true);
}

uint64_t account_shared(const struct account *account, const struct accounted *image)
{
	return sum(account, image, false);
}

uint64_t account_drop(struct account *account, const struct accounted *image)
{
	uint64_t bytes = 0;

	for (size_t k = 0; k < account->usage.n; k++)
		if (needs(image, &account->usage.v[k]) && --account->needed[k] == 0)
			bytes += account->usage.v[k].bytes;
	return bytes;
}

uint64_t account_without(const struct account *account,
			 bool (*keeps)(const struct accounted *image, void *arg), void *arg)
{
	uint64_t bytes = 0;

	for (size_t k = 0; k < account->usage.n; k++) {
		bool kept = false;

		for (size_t i = 0; i < account->n && !kept; i++)
			kept = needs(&account->v[i], &account->usage.v[k]) &&
			       keeps(&account->v[i], arg);
		bytes += kept ? 0 : account->usage.v[k].bytes;
	}
	return bytes;
}
