/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/out.h"
#include "base/units.h"
#include "image/ingest.h"
#include "image/lookup.h"
#include "image/plan.h"

#define SHORT_ID 12

struct tree {
	struct store store;
	struct catalog catalog;
	struct image_item image;
	struct image_items items; /* all of the store */
	struct strvec tops;       /* of each of items: its topmost layer; "": not known */
	struct image_config config;
};

static void tree_release(struct tree *tree)
{
	image_item_release(&tree->image);
	image_items_release(&tree->items);
	strvec_release(&tree->tops);
	image_config_release(&tree->config);
	catalog_release(&tree->catalog);
	store_release(&tree->store);
}

/* The names of the images that have this ID, or this layer as the topmost. */
static void add_names(const struct tree *tree, const char *key, bool by_layer, struct buf *out)
{
	bool first = true;

	for (size_t i = 0; i < tree->items.n; i++) {
		const struct image_item *item = &tree->items.v[i];

		if (item->name == NULL || strcmp(by_layer ? tree->tops.v[i] : item->id, key) != 0)
			continue;
		buf_addf(out, "%s%s", first ? "" : " ", item->name);
		first = false;
	}
}

static int read_layers(const struct store *store, const char *id, struct image_config *config)
{
	return id[0] != '\0' ? plan_read(store, id, config) : -ENOENT;
}

static int read_tree(struct tree *tree, const char *name)
{
	bool by_name;

	TRY(catalog_open(&tree->store, &tree->catalog));
	TRY(lookup(&tree->catalog, name, &tree->image, &by_name));
	TRY(lookup_all(&tree->catalog, false, &tree->items));
	if (read_layers(&tree->store, tree->image.id, &tree->config) < 0)
		return refuse("the layers of '%s' are not in the store", name);
	for (size_t i = 0; i < tree->items.n; i++) {
		struct image_config config = { 0 };

		if (read_layers(&tree->store, tree->items.v[i].id, &config) < 0)
			err_clear();
		strvec_push(&tree->tops,
			    config.diff_ids.n > 0 ? config.diff_ids.v[config.diff_ids.n - 1] : "");
		image_config_release(&config);
	}
	return 0;
}

static uint64_t size_of(const struct tree *tree, size_t layer)
{
	uint64_t size = 0;

	if (ingest_layer_size(&tree->store, tree->config.diff_ids.v[layer], &size) < 0)
		err_clear();
	return size;
}

static int print_layer(const struct tree *tree, size_t i)
{
	const char *layer = tree->config.diff_ids.v[i];
	const bool last = i + 1 == tree->config.diff_ids.n;
	AUTO(buf) size = BUF_INIT, names = BUF_INIT;

	units_print_size(&size, size_of(tree, i));
	add_names(tree, layer, true, &names);
	return out_line("%s ID: %.*s Size: %s%s%s%s",
			last ? "\xe2\x94\x94\xe2\x94\x80\xe2\x94\x80"
			     : "\xe2\x94\x9c\xe2\x94\x80\xe2\x94\x80",
			SHORT_ID, digest_hex(layer), size.data,
			names.len > 0 ? " Top Layer of: [" : "", names.data,
			names.len > 0 ? "]" : "");
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	AUTO(tree) tree = { .store = STORE_INIT, .catalog = CATALOG_INIT };
	AUTO(buf) names = BUF_INIT, size = BUF_INIT;
	uint64_t total = 0;

	TRY(store_open(host, &tree.store));
	TRY(read_tree(&tree, operands->v[0]));
	for (size_t i = 0; i < tree.config.diff_ids.n; i++)
		total += size_of(&tree, i);
	units_print_size(&size, total);
	add_names(&tree, tree.image.id, false, &names);
	TRY(out_line("Image ID: %.*s", SHORT_ID, digest_hex(tree.image.id)));
	TRY(out_line("Tags:     [%s]", names.data));
	TRY(out_line("Size:     %s", size.data));
	TRY(out_line("Image Layers"));
	for (size_t i = 0; i < tree.config.diff_ids.n; i++)
		TRY(print_layer(&tree, i));
	return 0;
}

const struct command command_image_tree = {
	.name = "image tree",
	.synopsis = "IMAGE",
	.summary = "Show the layers of an image, and which images end with them",
	.operands_min = 1,
	.operands_max = 1,
	.operand_values = VALUES_IMAGE,
	.run = run,
};
