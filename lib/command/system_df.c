/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/out.h"
#include "base/units.h"
#include "command/disk.h"

struct df_request {
	bool verbose;
	char *format;
};

static const struct opt options_df[] = {
	{ "format", 0, OPT_STRING, offsetof(struct df_request, format), "FORMAT",
	  "table, json, jsonl, or a Go template" },
	{ "verbose", 'v', OPT_FLAG, offsetof(struct df_request, verbose),
	  .help = "list each image, each container and each volume" },
	OPT_END,
};

/* One kind of thing. */
struct kind {
	const char *name;
	size_t total, active;
	uint64_t size, reclaimable;
};

static void print_type(struct buf *out, const void *row)
{
	buf_add_str(out, ((const struct kind *)row)->name);
}

static void print_total(struct buf *out, const void *row)
{
	buf_addf(out, "%zu", ((const struct kind *)row)->total);
}

static void print_active(struct buf *out, const void *row)
{
	buf_addf(out, "%zu", ((const struct kind *)row)->active);
}

static void print_size(struct buf *out, const void *row)
{
	units_print_size(out, ((const struct kind *)row)->size);
}

static void print_raw_size(struct buf *out, const void *row)
{
	buf_addf(out, "%" PRIu64, ((const struct kind *)row)->size);
}

static void print_reclaimable(struct buf *out, const void *row)
{
	const struct kind *kind = row;

	units_print_size(out, kind->reclaimable);
	if (kind->size > 0)
		buf_addf(out, " (%" PRIu64 "%%)", kind->reclaimable * 100 / kind->size);
}

static void print_raw_reclaimable(struct buf *out, const void *row)
{
	buf_addf(out, "%" PRIu64, ((const struct kind *)row)->reclaimable);
}

static const struct out_field fields[] = {
	{ "Type", "TYPE", true, print_type },
	{ "TotalCount", "TOTAL", true, print_total },
	{ "Total", "TOTAL", false, print_total },
	{ "Active", "ACTIVE", true, print_active },
	{ "Size", "SIZE", true, print_size },
	{ "Reclaimable", "RECLAIMABLE", true, print_reclaimable },
	{ "RawSize", "SIZE", false, print_raw_size },
	{ "RawReclaimable", "RECLAIMABLE", false, print_raw_reclaimable },
	{ .name = NULL },
};

static struct kind sum_images(const struct disk *disk)
{
	struct kind kind = { .name = "Images", .total = disk->account.n };

	for (size_t i = 0; i < disk->account.n; i++)
		kind.active += disk_count_users(disk, &disk->account.v[i]) > 0 ? 1 : 0;
	kind.size = disk->account.usage.images;
	kind.reclaimable = disk_reclaimable(disk);
	return kind;
}

static struct kind sum_containers(const struct disk *disk)
{
	struct kind kind = { .name = "Containers", .total = disk->containers.n };

	for (size_t i = 0; i < disk->containers.n; i++) {
		const struct disk_container *container = &disk->containers.v[i];

		if (container->running)
			kind.active++;
		else
			kind.reclaimable += container->bytes;
	}
	kind.size = disk->account.usage.containers;
	return kind;
}

static struct kind sum_volumes(const struct disk *disk)
{
	struct kind kind = { .name = "Local Volumes", .total = disk->volumes.n };

	for (size_t i = 0; i < disk->volumes.n; i++) {
		kind.size += disk->volumes.v[i].bytes;
		if (disk->volumes.v[i].users > 0)
			kind.active++;
		else
			kind.reclaimable += disk->volumes.v[i].bytes;
	}
	return kind;
}

static int print_kinds(const struct df_request *request, const struct disk *disk)
{
	const struct kind kinds[] = {
		sum_images(disk),
		sum_containers(disk),
		sum_volumes(disk),
		{ .name = "Build Cache" },
	};
	AUTO(out_list) list = { 0 };

	TRY(out_list_begin(&list, fields, request->format));
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		TRY(out_list_row(&list, &kinds[i]));
	return out_list_end(&list);
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct df_request *request = data;
	AUTO(disk) disk = { .store = STORE_INIT };

	if (request->verbose && request->format != NULL)
		return refuse("--verbose and --format exclude each other");
	TRY(disk_measure(host, &disk));
	return request->verbose ? disk_print_all(&disk) : print_kinds(request, &disk);
}

const struct command command_system_df = {
	.name = "system df",
	.synopsis = "[OPTIONS]",
	.summary = "Show what images and containers take on the disk",
	.options = (const struct opt *const[]){ options_df, NULL },
	.request_size = sizeof(struct df_request),
	.run = run,
};
