/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "container/event.h"
#include "image/lookup.h"

/* The entry of the image that a text names; -1: none. */
static ssize_t find_name(const struct catalog *catalog, const struct image_items *items,
			 const char *key, const char *text)
{
	AUTO(strvec) names = STRVEC_INIT;

	lookup_names(text, &names);
	for (size_t k = 0; k < names.n; k++)
		for (size_t i = 0; i < items->n; i++) {
			const struct image_item *item = &items->v[i];

			if (item->name != NULL && strcmp(item->name, names.v[k]) == 0 &&
			    strcmp(image_item_key(item), key) == 0)
				return item->entry;
		}
	return -1;
}

/* Entries move when others go: a name is looked for again before it is taken off. */
static void strip(struct catalog *catalog, const char *name)
{
	const struct catalog_entry *entry = catalog_find(catalog, name);

	if (entry != NULL)
		catalog_strip_name(catalog, (size_t)(entry - catalog->v));
}

static int list_names(const struct catalog *catalog, const struct image_item *image,
		      const struct strvec *operands, struct strvec *names)
{
	const char *key = image_item_key(image);
	AUTO(image_items) items = { 0 };

	TRY(lookup_all(catalog, false, &items));
	for (size_t i = 1; i < operands->n; i++) {
		ssize_t entry = find_name(catalog, &items, key, operands->v[i]);

		if (entry < 0)
			return refuse("the image '%s' has no name '%s'", operands->v[0],
				      operands->v[i]);
		strvec_push(names, catalog->v[entry].name);
	}
	for (size_t i = 0; operands->n == 1 && i < items.n; i++)
		if (items.v[i].name != NULL && strcmp(image_item_key(&items.v[i]), key) == 0)
			strvec_push(names, items.v[i].name);
	return 0;
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	AUTO(image_item) item = { 0 };
	AUTO(catalog) catalog = CATALOG_INIT;
	AUTO(strvec) names = STRVEC_INIT;
	AUTO(store) store = STORE_INIT;
	bool by_name;

	TRY(store_open(host, &store));
	TRY(catalog_open_locked(&store, &catalog));
	TRY(lookup(&catalog, operands->v[0], &item, &by_name));
	TRY(list_names(&catalog, &item, operands, &names));
	for (size_t i = 0; i < names.n; i++)
		strip(&catalog, names.v[i]);
	if (names.n > 0)
		TRY(catalog_commit(&catalog));
	for (size_t i = 0; i < names.n; i++)
		event_add_image(host, "untag", item.id, names.v[i]);
	return 0;
}

const struct command command_untag = {
	.name = "untag",
	.alias = "image untag",
	.synopsis = "IMAGE [NAME[:TAG]...]",
	.summary = "Take names off an image, which stays",
	.operands_min = 1,
	.operands_max = OPERANDS_ANY,
	.operand_values = VALUES_IMAGE,
	.run = run,
};
