/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/pruning.h"

#include <string.h>

#include "base/err.h"
#include "base/out.h"
#include "base/units.h"
#include "command/imageusers.h"
#include "container/event.h"
#include "container/requirement.h"
#include "container/select.h"
#include "container/volumeselect.h"
#include "container/volumeuse.h"
#include "image/budget.h"
#include "image/prune.h"
#include "image/usage.h"

/* --- images ----------------------------------------------------------------------------------- */

void pruning_tell(const struct host *host, const struct removal *removal)
{
	for (size_t i = 0; i < removal->untagged.n; i++)
		event_add_image(host, "untag", NULL, removal->untagged.v[i]);
	for (size_t i = 0; i < removal->deleted.n; i++)
		event_add_image(host, "remove", removal->deleted.v[i], NULL);
}

static int print_removal(const struct removal *removal)
{
	if (removal->untagged.n + removal->deleted.n == 0)
		return 0;
	TRY(out_line("Deleted Images:"));
	for (size_t i = 0; i < removal->untagged.n; i++)
		TRY(out_line("untagged: %s", removal->untagged.v[i]));
	for (size_t i = 0; i < removal->deleted.n; i++)
		TRY(out_line("deleted: %s", removal->deleted.v[i]));
	return out_line("%s", "");
}

static int is_wanted(const struct prune_candidate *candidate, void *arg)
{
	const struct image_pruning *pruning = arg;
	AUTO(summary) summary = { 0 };
	const struct image_facts facts = {
		.name = candidate->names->n > 0 ? candidate->names->v[0] : NULL,
		.id = candidate->id,
		.summary = &summary,
	};

	if (!pruning->all && candidate->names->n > 0)
		return 0;
	(void)summary_read(pruning->store, candidate->id, &summary);
	return imageselect_matches(&pruning->selection, &facts);
}

void image_pruning_release(struct image_pruning *pruning)
{
	image_selection_release(&pruning->selection);
}

int pruning_images(struct image_pruning *pruning, uint64_t *ret_bytes)
{
	const struct prune prune = { is_wanted, pruning, imageusers_list, (void *)pruning->host };
	AUTO(removal) removal = { 0 };

	TRY(image_prune(pruning->store, &prune, &removal, ret_bytes));
	pruning_tell(pruning->host, &removal);
	return print_removal(&removal);
}

/* --- containers ------------------------------------------------------------------------------- */

struct container_pruning {
	const struct host *host;
	struct store *store;
	struct selection selection;
	struct strvec deleted;
	uint64_t bytes;
};

static void container_pruning_release(struct container_pruning *pruning)
{
	selection_release(&pruning->selection);
	strvec_release(&pruning->deleted);
}

static int prune_container(struct record *record, void *arg)
{
	struct container_pruning *pruning = arg;
	AUTO(strvec) paths = STRVEC_INIT;
	uint64_t bytes = 0;
	int rc;

	if (record->status == RECORD_RUNNING || !select_matches(&pruning->selection, record))
		return 0;
	/* Of one that runs, or that the filters leave. */
	if (requirement_check_removal(pruning->host, record) < 0) {
		err_clear();
		return 0;
	}
	strvec_push(&paths, record->dir);
	if (usage_paths(pruning->store, &paths, &bytes) < 0)
		err_clear();
	rc = record_remove(pruning->host, record, false);
	/* Started, or removed, just now. */
	if (rc == -EBUSY || rc == -ENOENT) {
		err_clear();
		return 0;
	}
	TRY(rc);
	event_removed(pruning->host, record);
	strvec_push(&pruning->deleted, record->id);
	pruning->bytes += bytes;
	return 0;
}

int pruning_containers(const struct host *host, struct store *store, const struct strvec *filters,
		       uint64_t *ret_bytes)
{
	AUTO(container_pruning) pruning = { .host = host, .store = store };

	TRY(select_parse(host, filters, &pruning.selection));
	TRY(record_each(host, prune_container, &pruning));
	*ret_bytes += pruning.bytes;
	if (pruning.deleted.n == 0)
		return 0;
	TRY(out_line("Deleted Containers:"));
	for (size_t i = 0; i < pruning.deleted.n; i++)
		TRY(out_line("%s", pruning.deleted.v[i]));
	return out_line("%s", "");
}

/* --- volumes ---------------------------------------------------------------------------------- */

struct volume_pruning {
	struct store *store;
	bool all;
	struct volume_selection selection;
	struct strvec deleted;
	uint64_t bytes;
};

static void volume_pruning_release(struct volume_pruning *pruning)
{
	volume_selection_release(&pruning->selection);
	strvec_release(&pruning->deleted);
}

static int prune_volume(struct volume *volume, void *arg)
{
	struct volume_pruning *pruning = arg;
	const struct volumeuse_removal removal = { 0 };
	AUTO(strvec) paths = STRVEC_INIT;
	uint64_t bytes = 0;
	int rc;

	if ((!pruning->all && !volume->anonymous) ||
	    !volumeselect_matches(&pruning->selection, volume, 0))
		return 0;
	strvec_push(&paths, volume->path);
	if (usage_paths(pruning->store, &paths, &bytes) < 0)
		err_clear();
	rc = volumeuse_remove(pruning->store, volume->name, &removal);
	/* Somebody has it, or it was removed just now. */
	if (rc == -EBUSY || rc == -ENOENT) {
		err_clear();
		return 0;
	}
	TRY(rc);
	strvec_push(&pruning->deleted, volume->name);
	pruning->bytes += bytes;
	return 0;
}

int pruning_volumes(struct store *store, bool all, const struct strvec *filters,
		    uint64_t *ret_bytes)
{
	AUTO(volume_pruning) pruning = { .store = store, .all = all };

	TRY(volumeselect_parse(store, filters, &pruning.selection));
	TRY(volume_each(store, prune_volume, &pruning));
	*ret_bytes += pruning.bytes;
	if (pruning.deleted.n == 0)
		return 0;
	TRY(out_line("Deleted Volumes:"));
	for (size_t i = 0; i < pruning.deleted.n; i++)
		TRY(out_line("%s", pruning.deleted.v[i]));
	return out_line("%s", "");
}

/* --- the limit -------------------------------------------------------------------------------- */

static int enforce(const struct host *host, struct store *store, uint64_t max,
		   const struct strvec *kept, struct removal *removal, uint64_t *bytes)
{
	const struct budget budget = { max, kept, imageusers_list, (void *)host };
	AUTO(buf) size = BUF_INIT;
	int fits = budget_enforce(store, &budget, removal, bytes);

	TRY(fits);
	pruning_tell(host, removal);
	units_print_size(&size, max);
	if (fits == 0)
		out_note("the images take more than %s, and those that are left are in use or "
			 "just came",
			 size.data);
	return fits;
}

int pruning_budget(const struct host *host, struct store *store, uint64_t max, uint64_t *ret_bytes)
{
	AUTO(removal) removal = { 0 };

	TRY(enforce(host, store, max, NULL, &removal, ret_bytes));
	return print_removal(&removal);
}

int pruning_after(const struct host *host, struct store *store, int64_t max,
		  const struct strvec *kept)
{
	AUTO(removal) removal = { 0 };
	uint64_t limit = max > 0 ? (uint64_t)max : 0, bytes = 0;

	if (limit == 0)
		TRY(budget_read(store, &limit));
	if (limit == 0)
		return 0;
	TRY(enforce(host, store, limit, kept, &removal, &bytes));
	for (size_t i = 0; i < removal.untagged.n; i++)
		out_note("removed '%s' to keep to the limit of the store", removal.untagged.v[i]);
	return 0;
}

int pruning_total(uint64_t bytes)
{
	AUTO(buf) size = BUF_INIT;

	units_print_size(&size, bytes);
	return out_line("Total reclaimed space: %s", size.data);
}
