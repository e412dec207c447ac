/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "container/event.h"
#include "image/lookup.h"
#include "image/ref.h"

static int target_name(const char *text, struct strvec *names)
{
	char *name;

	TRY(ref_normalize(text, &name));
	strvec_push_owned(names, name);
	if (strchr(name, '@') != NULL)
		return refuse("'%s': an image is not named by a digest", text);
	return 0;
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	AUTO(image_item) item = { 0 };
	AUTO(catalog) catalog = CATALOG_INIT;
	AUTO(strvec) names = STRVEC_INIT;
	AUTO(store) store = STORE_INIT;
	struct descriptor d;
	bool by_name;

	for (size_t i = 1; i < operands->n; i++)
		TRY(target_name(operands->v[i], &names));
	TRY(store_open(host, &store));
	TRY(catalog_open_locked(&store, &catalog));
	TRY(lookup(&catalog, operands->v[0], &item, &by_name));
	if (item.entry < 0) {
		refuse("the image '%s' was run from an archive and cannot get a name",
		       operands->v[0]);
		hint("load the archive");
		return -EINVAL;
	}
	descriptor_copy(&catalog.v[item.entry].descriptor, &d);
	for (size_t i = 0; i < names.n; i++)
		catalog_set(&catalog, names.v[i], &d);
	descriptor_release(&d);
	TRY(catalog_commit(&catalog));
	for (size_t i = 0; i < names.n; i++)
		event_add_image(host, "tag", item.id, names.v[i]);
	for (size_t i = 0; i < names.n && item.id[0] != '\0'; i++)
		catalog_remember(&catalog, names.v[i], item.id, item.digest);
	return 0;
}

const struct command command_tag = {
	.name = "tag",
	.alias = "image tag",
	.synopsis = "IMAGE NAME[:TAG]...",
	.summary = "Give an image another name",
	.operands_min = 2,
	.operands_max = OPERANDS_ANY,
	.operand_values = VALUES_IMAGE,
	.run = run,
};
