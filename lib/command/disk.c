/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/disk.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/escape.h"
#include "base/out.h"
#include "base/units.h"
#include "command/imageusers.h"
#include "command/when.h"
#include "container/record.h"
#include "container/volumeuse.h"
#include "image/ref.h"
#include "image/summary.h"

#define NONE "<none>"
#define SHORT_ID 12
#define SHORT_COMMAND 20

void disk_release(struct disk *disk)
{
	for (size_t i = 0; i < disk->containers.n; i++) {
		struct disk_container *container = &disk->containers.v[i];

		free(container->id);
		free(container->name);
		free(container->image);
		free(container->image_id);
		free(container->command);
	}
	free(disk->containers.v);
	for (size_t i = 0; i < disk->volumes.n; i++)
		free(disk->volumes.v[i].name);
	free(disk->volumes.v);
	strvec_release(&disk->used);
	account_release(&disk->account);
	store_release(&disk->store);
}

/* --- measuring -------------------------------------------------------------------------------- */

static int add_container(struct record *record, void *arg)
{
	struct disk *disk = arg;
	struct disk_container *container = VEC_PUSH(&disk->containers);
	AUTO(buf) command = BUF_INIT;
	AUTO(strvec) names = STRVEC_INIT;

	for (size_t i = 0; i < record->command.n; i++)
		buf_addf(&command, "%s%s", i > 0 ? " " : "", record->command.v[i]);
	container->id = xstrdup(record->id);
	container->name = xstrdup_null(record->name);
	container->image = xstrdup_null(record->image);
	container->image_id = xstrdup_null(record->image_id);
	container->command = buf_steal(&command);
	volumeuse_names(record, &names);
	container->volumes = names.n;
	container->running = record->status == RECORD_RUNNING;
	container->created = record->created;
	return 0;
}

/* Those of --rm have their directories elsewhere, and what they write goes with them. */
static int measure_containers(struct disk *disk)
{
	size_t n = disk->containers.n;
	autofree uint64_t *sizes = xcalloc(n + 1, sizeof(*sizes));
	AUTO(strvec) paths = STRVEC_INIT;

	for (size_t i = 0; i < n; i++)
		strvec_pushf(&paths, "containers/%s", disk->containers.v[i].id);
	TRY(usage_paths(&disk->store, &paths, sizes));
	for (size_t i = 0; i < n; i++)
		disk->containers.v[i].bytes = sizes[i];
	return 0;
}

static int add_volume(struct volume *volume, void *arg)
{
	struct disk *disk = arg;

	VEC_PUSH(&disk->volumes)->name = xstrdup(volume->name);
	return 0;
}

static int measure_volumes(const struct host *host, struct disk *disk)
{
	AUTO(strvec) paths = STRVEC_INIT;
	AUTO(volume_uses) uses = { 0 };
	autofree uint64_t *sizes = NULL;

	TRY(volume_each(&disk->store, add_volume, disk));
	TRY(volumeuse_list(host, &uses));
	sizes = xcalloc(disk->volumes.n + 1, sizeof(*sizes));
	for (size_t i = 0; i < disk->volumes.n; i++)
		strvec_pushf(&paths, "volumes/%s", disk->volumes.v[i].name);
	TRY(usage_paths(&disk->store, &paths, sizes));
	for (size_t i = 0; i < disk->volumes.n; i++) {
		disk->volumes.v[i].bytes = sizes[i];
		disk->volumes.v[i].users = volumeuse_count(&uses, disk->volumes.v[i].name);
	}
	return 0;
}

int disk_measure(const struct host *host, struct disk *disk)
{
	TRY(store_open(host, &disk->store));
	TRY(account_take(&disk->store, &disk->account));
	TRY(record_each(host, add_container, disk));
	TRY(imageusers_list((void *)host, &disk->used));
	TRY(measure_containers(disk));
	return measure_volumes(host, disk);
}

size_t disk_count_users(const struct disk *disk, const struct accounted *image)
{
	size_t n = 0;

	for (size_t i = 0; i < disk->used.n; i++)
		n += strcmp(disk->used.v[i], image->id) == 0 ? 1 : 0;
	return n;
}

static bool is_used(const struct accounted *image, void *arg)
{
	return disk_count_users(arg, image) > 0;
}

uint64_t disk_reclaimable(const struct disk *disk)
{
	return account_without(&disk->account, is_used, (void *)disk);
}

/* --- images ----------------------------------------------------------------------------------- */

static void print_name(struct buf *out, const char *name)
{
	autofree char *repository = NULL;
	AUTO(ref) ref = { 0 };

	if (name == NULL || ref_parse(name, &ref) < 0) {
		err_clear();
		escape_text(out, name != NULL ? name : NONE);
		buf_add_str(out, "\t" NONE "\t");
		return;
	}
	repository = ref_repository(&ref);
	buf_addf(out, "%s\t%s\t", repository, ref.tag != NULL ? ref.tag : NONE);
}

static void print_image(const struct disk *disk, const struct accounted *image, const char *name,
			struct buf *out)
{
	uint64_t unique = account_unique(&disk->account, image);
	uint64_t shared = account_shared(&disk->account, image);
	AUTO(summary) summary = { 0 };

	(void)summary_read(&disk->store, image->id, &summary);
	print_name(out, name);
	if (image->id[0] != '\0')
		buf_add(out, digest_hex(image->id), SHORT_ID);
	else
		buf_add_str(out, "<damaged>");
	buf_add_char(out, '\t');
	when_print_since(out, summary.created);
	buf_add_char(out, '\t');
	units_print_size(out, unique + shared);
	buf_add_char(out, '\t');
	units_print_size(out, shared);
	buf_add_char(out, '\t');
	units_print_size(out, unique);
	buf_addf(out, "\t%zu\n", disk_count_users(disk, image));
}

static int print_text(const char *title, const struct buf *lines)
{
	AUTO(buf) text = BUF_INIT;

	buf_addf(&text, "%s\n\n", title);
	out_align(lines->data, &text);
	return out_raw(text.data, text.len);
}

static int print_images(const struct disk *disk)
{
	AUTO(buf) lines = BUF_INIT;

	buf_add_str(&lines, "REPOSITORY\tTAG\tIMAGE ID\tCREATED\tSIZE\tSHARED SIZE\tUNIQUE SIZE\t"
			    "CONTAINERS\n");
	for (size_t i = 0; i < disk->account.n; i++) {
		const struct accounted *image = &disk->account.v[i];

		if (image->names.n == 0)
			print_image(disk, image, NULL, &lines);
		for (size_t k = 0; k < image->names.n; k++)
			print_image(disk, image, image->names.v[k], &lines);
	}
	return print_text("Images space usage:", &lines);
}

/* --- containers ------------------------------------------------------------------------------- */

/* max: 0, or where it is cut. */
static void add_cell(struct buf *out, const char *text, size_t max)
{
	AUTO(buf) cut = BUF_INIT;

	out_cut(&cut, text, max);
	escape_text(out, cut.data);
	buf_add_char(out, '\t');
}

static int print_containers(const struct disk *disk)
{
	AUTO(buf) lines = BUF_INIT;

	buf_add_str(&lines, "CONTAINER ID\tIMAGE\tCOMMAND\tLOCAL VOLUMES\tSIZE\tCREATED\tSTATUS\t"
			    "NAMES\n");
	for (size_t i = 0; i < disk->containers.n; i++) {
		const struct disk_container *container = &disk->containers.v[i];

		buf_addf(&lines, "%.*s\t", SHORT_ID, container->id);
		add_cell(&lines, container->image != NULL ? container->image : "", 0);
		add_cell(&lines, container->command, SHORT_COMMAND);
		buf_addf(&lines, "%zu\t", container->volumes);
		units_print_size(&lines, container->bytes);
		buf_add_char(&lines, '\t');
		when_print_since(&lines, container->created);
		buf_addf(&lines, "\t%s\t%s\n", container->running ? "running" : "exited",
			 container->name != NULL ? container->name : "");
	}
	return print_text("\nContainers space usage:", &lines);
}

/* --- volumes ---------------------------------------------------------------------------------- */

static int print_volumes(const struct disk *disk)
{
	AUTO(buf) lines = BUF_INIT;

	buf_add_str(&lines, "VOLUME NAME\tLINKS\tSIZE\n");
	for (size_t i = 0; i < disk->volumes.n; i++) {
		const struct disk_volume *volume = &disk->volumes.v[i];

		buf_addf(&lines, "%s\t%zu\t", volume->name, volume->users);
		units_print_size(&lines, volume->bytes);
		buf_add_char(&lines, '\n');
	}
	return print_text("\nLocal Volumes space usage:", &lines);
}

int disk_print_all(const struct disk *disk)
{
	TRY(print_images(disk));
	TRY(print_containers(disk));
	return print_volumes(disk);
}
