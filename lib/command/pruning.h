/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_COMMAND_PRUNING_H
#define BERTH_COMMAND_PRUNING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/host.h"
#include "base/vec.h"
#include "image/imageselect.h"
#include "image/remove.h"

/* What `image prune`, `system prune`, and the commands that bring images in have in common. What
 * went is printed as docker prints it, and the bytes that it took are added to *ret_bytes. */

/* Remove the images without a name, with `all` also the others, that the filters choose and nobody
 * uses. */
struct image_pruning {
	const struct host *host;
	struct store *store;
	bool all;
	struct image_selection selection;
};

void image_pruning_release(struct image_pruning *pruning);
/* The events of what was removed. */
void pruning_tell(const struct host *host, const struct removal *removal);
int pruning_images(struct image_pruning *pruning, uint64_t *ret_bytes);
/* Remove the containers that do not run and that the filters (container/select.h) choose. */
int pruning_containers(const struct host *host, struct store *store, const struct strvec *filters,
		       uint64_t *ret_bytes);
/* Remove the least recently used images until the store takes no more than max. */
int pruning_budget(const struct host *host, struct store *store, uint64_t max, uint64_t *ret_bytes);
/* Remove the volumes that no container has: those without a name, with `all` also the others. */
int pruning_volumes(struct store *store, bool all, const struct strvec *filters,
		    uint64_t *ret_bytes);
int pruning_total(uint64_t bytes);

/*
 * For commands that bring images in: hold the store to its limit, or to the `max` of an option (0:
 * there was none). kept: names and IDs of what just came. Remarks go to standard error.
 */
int pruning_after(const struct host *host, struct store *store, int64_t max,
		  const struct strvec *kept);

#endif
