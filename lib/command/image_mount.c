/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/out.h"
#include "container/imageview.h"
#include "image/lookup.h"

static int check_root(const struct host *host)
{
	if (!host->rootless)
		return 0;
	refuse_with(EPERM, "only root can mount an image where others see it");
	hint("'berth image export IMAGE | tar -x -C DIR' copies its files, and 'berth run -v' "
	     "brings a directory into it");
	return -EPERM;
}

/* --- mount ------------------------------------------------------------------------------------ */

struct mount_request {
	bool all;
	char *format;
};

static const struct opt options_mount[] = {
	{ "all", 'a', OPT_FLAG, offsetof(struct mount_request, all),
	  .help = "mount all images that have a name" },
	{ "format", 0, OPT_STRING, offsetof(struct mount_request, format), "FORMAT",
	  "of the list of mounts: table, json, jsonl, or a Go template" },
	OPT_END,
};

struct view {
	const char *id;
	char *path;
};

static void print_id(struct buf *out, const void *row)
{
	buf_add_str(out, ((const struct view *)row)->id);
}

static void print_path(struct buf *out, const void *row)
{
	buf_add_str(out, ((const struct view *)row)->path);
}

static const struct out_field fields[] = {
	{ "ID", "IMAGE ID", true, print_id },
	{ "Path", "PATH", true, print_path },
	{ .name = NULL },
};

static int list_views(const struct host *host, const char *format)
{
	AUTO(strvec) ids = STRVEC_INIT;
	AUTO(out_list) list = { 0 };

	TRY(out_list_begin(&list, fields, format));
	list.headings = false;
	TRY(imageview_list(host, &ids));
	for (size_t i = 0; i < ids.n; i++) {
		autofree char *path = imageview_path(host, ids.v[i]);
		const struct view view = { .id = ids.v[i], .path = path };

		TRY(out_list_row(&list, &view));
	}
	return out_list_end(&list);
}

static int mount_one(const struct host *host, struct store *store, const char *name)
{
	AUTO(image) image = IMAGE_INIT;
	autofree char *path = NULL;

	TRY(image_open(store, name, NULL, &image));
	TRY(fail_in(imageview_mount(host, &image, &path), "image '%s'", name));
	return out_line("%s", path);
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

static int run_mount(const struct host *host, void *data, const struct strvec *operands)
{
	const struct mount_request *request = data;
	AUTO(strvec) names = STRVEC_INIT;
	AUTO(store) store = STORE_INIT;

	TRY(check_root(host));
	if (operands->n == 0 && !request->all)
		return list_views(host, request->format);
	TRY(store_open(host, &store));
	strvec_push_all(&names, operands);
	if (request->all)
		TRY(list_names(&store, &names));
	for (size_t i = 0; i < names.n; i++)
		TRY(mount_one(host, &store, names.v[i]));
	return 0;
}

const struct command command_image_mount = {
	.name = "image mount",
	.synopsis = "[OPTIONS] [IMAGE...]",
	.summary = "Mount images read-only and print where, or list what is mounted",
	.options = (const struct opt *const[]){ options_mount, NULL },
	.request_size = sizeof(struct mount_request),
	.operands_max = OPERANDS_ANY,
	.operand_values = VALUES_IMAGE,
	.run = run_mount,
};

/* --- unmount ---------------------------------------------------------------------------------- */

struct unmount_request {
	bool all, force;
};

static const struct opt options_unmount[] = {
	{ "all", 'a', OPT_FLAG, offsetof(struct unmount_request, all),
	  .help = "unmount all that is mounted" },
	{ "force", 'f', OPT_FLAG, offsetof(struct unmount_request, force),
	  .help = "also where files in it are open" },
	OPT_END,
};

static int find_id(const struct catalog *catalog, const char *name, struct strvec *ids)
{
	AUTO(image_item) item = { 0 };
	bool by_name;

	TRY(lookup(catalog, name, &item, &by_name));
	strvec_push(ids, item.id);
	return 0;
}

static int find_ids(const struct host *host, const struct strvec *operands, struct strvec *ids)
{
	AUTO(catalog) catalog = CATALOG_INIT;
	AUTO(store) store = STORE_INIT;

	TRY(store_open(host, &store));
	TRY(catalog_open(&store, &catalog));
	for (size_t i = 0; i < operands->n; i++)
		TRY(find_id(&catalog, operands->v[i], ids));
	return 0;
}

static int run_unmount(const struct host *host, void *data, const struct strvec *operands)
{
	const struct unmount_request *request = data;
	AUTO(strvec) ids = STRVEC_INIT;

	TRY(check_root(host));
	if (request->all == (operands->n > 0))
		return refuse("name images, or give --all");
	if (request->all)
		TRY(imageview_list(host, &ids));
	else
		TRY(find_ids(host, operands, &ids));
	for (size_t i = 0; i < ids.n; i++) {
		int rc = imageview_unmount(host, ids.v[i], request->force);

		TRY(rc);
		if (rc == 0)
			return refuse("the image '%s' is not mounted", ids.v[i]);
		TRY(out_line("%s", ids.v[i]));
	}
	return 0;
}

const struct command command_image_unmount = {
	.name = "image unmount",
	.alias = "image umount",
	.synopsis = "[OPTIONS] [IMAGE...]",
	.summary = "Unmount what `image mount` has mounted",
	.options = (const struct opt *const[]){ options_unmount, NULL },
	.request_size = sizeof(struct unmount_request),
	.operands_max = OPERANDS_ANY,
	.operand_values = VALUES_IMAGE,
	.run = run_unmount,
};
