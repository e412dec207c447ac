/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/volumearchive.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/stream.h"
#include "container/volumefill.h"
#include "container/volumeopt.h"
#include "image/cell.h"
#include "image/extract.h"
#include "image/tartree.h"

/* The directory that holds it; to be freed. */
static int find_directory(const struct volume *volume, char **ret_path)
{
	struct spec_mount mount = { 0 };
	int rc = volumeopt_apply(&volume->options, &mount);

	if (rc == 0)
		*ret_path = xstrdup(volume->path);
	else if (rc > 0 && strcmp(mount.type, "bind") == 0)
		*ret_path = steal(mount.source);
	else if (rc > 0)
		rc = refuse("the volume '%s' is mounted for each container: it has no directory",
			    volume->name);
	spec_mount_release(&mount);
	return rc < 0 ? rc : 0;
}

/* --- out -------------------------------------------------------------------------------------- */

struct writing {
	const struct store *store;
	const char *path;
	int fd;
	const char *name;
};

static int write_inside(void *arg)
{
	const struct writing *writing = arg;
	autoclose int top = fs_open(AT_FDCWD, writing->path, O_PATH | O_DIRECTORY, 0);
	AUTO(tarfiles) files = { 0 };

	TRY(top);
	tarfiles_init(&files, writing->fd, writing->name);
	files.live = true;
	files.kept_owners = writing->store->tier == TIER_SINGLE;
	TRY(tartree_put(&files, top, "."));
	return tarwrite_end(&files.tar);
}

int volumearchive_export(const struct store *store, const struct volume *volume, int fd,
			 const char *name)
{
	struct writing writing = { .store = store, .fd = fd, .name = name };
	autofree char *path = NULL;

	TRY(find_directory(volume, &path));
	writing.path = path;
	if (store->maps.uid.n == 0)
		return write_inside(&writing);
	return idmap_run(&store->maps, write_inside, &writing);
}

/* --- in --------------------------------------------------------------------------------------- */

struct cell_report {
	int32_t rc;
	char text[ERR_TEXT_MAX];
	char hint[ERR_HINT_MAX];
};

static int begin(struct extract *extract, bool directory)
{
	extract->place = xstrdup("");
	return 0;
}

static int unpack(const struct store *store, int in, int root)
{
	struct extract extract = {
		.root = root,
		.begin = begin,
		.overwrite = true,
		.keep_owners = store->tier != TIER_SINGLE,
	};
	int rc = cell_filter();

	if (rc >= 0)
		rc = extract_archive(&extract, in);
	free(extract.place);
	return rc;
}

/* In the cell. */
static void run_import(void *arg, int rc, int in, int root, int report_fd)
{
	struct cell_report report = { 0 };

	report.rc = rc < 0 ? rc : unpack(arg, in, root);
	if (report.rc < 0) {
		snprintf(report.text, sizeof(report.text), "%s", err_text());
		snprintf(report.hint, sizeof(report.hint), "%s", err_hint());
	}
	(void)fs_write_all(report_fd, &report, sizeof(report), "report");
}

/* The cell has no file system to find libraries in: what it may need is there before. */
static void load_libraries(void)
{
	static const enum compression all[] = { COMPRESSION_GZIP, COMPRESSION_ZSTD };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (stream_load(all[i]) < 0)
			err_clear();
}

static int run_cell(const struct store *store, const char *path, int fd)
{
	const struct cell_plan plan = { .maps = &store->maps,
					.path = path,
					.in = fd,
					.body = run_import,
					.arg = (void *)store };
	struct cell_report report = { 0 };
	AUTO(cell) cell = CELL_INIT;

	load_libraries();
	TRY(cell_start(&plan, &cell));
	TRY(cell_finish(&cell, &report, sizeof(report)));
	if (report.rc >= 0)
		return 0;
	report.text[sizeof(report.text) - 1] = '\0';
	report.hint[sizeof(report.hint) - 1] = '\0';
	err_set(report.text, report.hint);
	return report.rc;
}

int volumearchive_import(const struct store *store, struct volume *volume, int fd)
{
	autofree char *path = NULL;

	TRY(find_directory(volume, &path));
	TRY(volumefill_settle(store->host, volume));
	return run_cell(store, path, fd);
}
