/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/budget.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/units.h"
#include "image/account.h"

#define FILE_NAME "max"
#define FILE_MAX 64

int budget_read(const struct store *store, uint64_t *ret_max)
{
	AUTO(buf) text = BUF_INIT;
	int there = fs_exists(store->fd, FILE_NAME);

	*ret_max = 0;
	if (there <= 0)
		return there;
	TRY(fs_read_file(store->fd, FILE_NAME, FILE_MAX, &text));
	if (text.len > 0 && text.data[text.len - 1] == '\n')
		buf_truncate(&text, text.len - 1);
	return fail_in(units_parse_size(text.data, ret_max), "%s/" FILE_NAME, store->path);
}

int budget_write(const struct store *store, uint64_t max)
{
	AUTO(buf) text = BUF_INIT;

	if (max == 0)
		return unlinkat(store->fd, FILE_NAME, 0) == 0 || errno == ENOENT
			       ? 0
			       : fail("cannot remove '%s/" FILE_NAME "'", store->path);
	buf_addf(&text, "%" PRIu64 "\n", max);
	return fs_replace_file(store->fd, FILE_NAME, text.data, text.len, 0600, true);
}

struct reckoning {
	const struct budget *budget;
	struct account account;
	struct strvec used;   /* IDs of images that containers use */
	struct strvec chosen; /* keys of those that go */
};

static void reckoning_release(struct reckoning *r)
{
	account_release(&r->account);
	strvec_release(&r->used);
	strvec_release(&r->chosen);
}

/* Of a damaged image only the manifest is known. */
static const char *key_of(const char *id, const char *digest)
{
	return id[0] != '\0' ? id : digest;
}

static bool is_kept(const struct budget *budget, const char *id, const struct strvec *names)
{
	if (budget->kept == NULL)
		return false;
	for (size_t i = 0; i < names->n; i++)
		if (strvec_has(budget->kept, names->v[i]))
			return true;
	return strvec_has(budget->kept, id);
}

static int compare_use(const void *a, const void *b)
{
	const struct accounted *left = a, *right = b;

	if (left->used != right->used)
		return left->used < right->used ? -1 : 1;
	return strcmp(left->id, right->id);
}

/* Returns 1 where what is left is no more than the limit. */
static int choose(struct reckoning *r)
{
	struct account *account = &r->account;
	uint64_t total = account->usage.images, max = r->budget->max;

	if (account->n > 0)
		qsort(account->v, account->n, sizeof(*account->v), compare_use);
	for (size_t i = 0; i < account->n && total > max; i++) {
		const struct accounted *image = &account->v[i];
		uint64_t bytes;

		if (is_kept(r->budget, image->id, &image->names) || strvec_has(&r->used, image->id))
			continue;
		bytes = account_drop(account, image);
		total -= bytes < total ? bytes : total;
		strvec_push(&r->chosen, key_of(image->id, image->digest));
	}
	return total <= max;
}

/* It may have got one of the names that are kept since it was chosen. */
static int is_chosen(const struct prune_candidate *candidate, void *arg)
{
	const struct reckoning *r = arg;

	return strvec_has(&r->chosen, key_of(candidate->id, candidate->digest)) &&
	       !is_kept(r->budget, candidate->id, candidate->names);
}

int budget_enforce(struct store *store, const struct budget *budget, struct removal *removal,
		   uint64_t *ret_bytes)
{
	AUTO(reckoning) r = { .budget = budget };
	const struct prune prune = { is_chosen, &r, budget->list_used, budget->users };
	AUTO(usage) usage = { 0 };
	int fits;

	TRY(usage_measure(store, &usage));
	if (usage.images <= budget->max)
		return 1;
	TRY(budget->list_used(budget->users, &r.used));
	TRY(account_take(store, &r.account));
	fits = choose(&r);
	if (r.chosen.n > 0)
		TRY(image_prune(store, &prune, removal, ret_bytes));
	return fits;
}
