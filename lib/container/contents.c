/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/contents.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/proc.h"
#include "container/scratch.h"
#include "image/changes.h"

/* --- the maps of the container ---------------------------------------------------------------- */

static int read_mappings(const cJSON *linux_object, const char *key, struct idmap *map)
{
	const cJSON *array = NULL, *item;

	TRY(json_get_array(linux_object, key, &array));
	cJSON_ArrayForEach(item, array)
	{
		int64_t inside = 0, outside = 0, count = 0;

		TRY(json_get_int(item, "containerID", 0, UINT32_MAX, &inside));
		TRY(json_get_int(item, "hostID", 0, UINT32_MAX, &outside));
		TRY(json_get_int(item, "size", 0, UINT32_MAX, &count));
		idmap_add(map, (uint32_t)inside, (uint32_t)outside, (uint32_t)count);
	}
	return 0;
}

static int maps_of_plan(struct contents *contents)
{
	const cJSON *linux_object = NULL;
	autojson cJSON *json = NULL;
	AUTO(buf) text = BUF_INIT;

	TRY(fs_read_file(contents->record.dirfd, "config.json", MAX_STATE_FILE, &text));
	TRY(json_parse(text.data, text.len, "config.json", &json));
	TRY(json_get_object(json, "linux", &linux_object));
	TRY(read_mappings(linux_object, "uidMappings", &contents->maps.uid));
	return read_mappings(linux_object, "gidMappings", &contents->maps.gid);
}

/* The host's own is none: all ids are what they are. */
static int read_map(pid_t pid, const char *name, struct idmap *map)
{
	TRY(idmap_of_process(pid, name, map));
	if (map->n == 1 && map->v[0].inside == 0 && map->v[0].outside == 0 &&
	    map->v[0].count == UINT32_MAX)
		idmap_release(map);
	return 0;
}

/* A container of --rm has no plan on the disk, but it runs. */
static int maps_of_process(struct contents *contents)
{
	const struct record *record = &contents->record;

	if (record->pid <= 0)
		return refuse_with(ESRCH, "it is just being started");
	TRY(read_map(record->pid, "uid_map", &contents->maps.uid));
	TRY(read_map(record->pid, "gid_map", &contents->maps.gid));
	if (!proc_is_alive(record->pid, record->pid_start))
		return refuse_with(ESRCH, "it is just ending");
	return 0;
}

/* --- the layers ------------------------------------------------------------------------------- */

static int open_layers(const struct host *host, struct contents *contents)
{
	const struct record *record = &contents->record;
	char *base, *upper;

	if (record->image_id == NULL)
		return refuse("it is not made of an image but of '%s'", record->image);
	TRY(store_open(host, &contents->store));
	TRY(image_open(&contents->store, record->image_id, NULL, &contents->image));
	TRY(record->ephemeral ? maps_of_process(contents) : maps_of_plan(contents));
	upper = scratch_upper(host, record);
	if (fs_exists(AT_FDCWD, upper) > 0) {
		strvec_push(&contents->layers, upper);
		contents->upper = upper;
	} else {
		free(upper);
	}
	strvec_push_all(&contents->layers, &contents->image.layers);
	TRY(scratch_make_base(host, &base));
	strvec_push_owned(&contents->layers, base);
	contents->owners = (struct owners){
		.store = &contents->store.maps,
		.container = &contents->maps,
		.images_as_they_are = !host->rootless,
		.written = contents->upper != NULL ? 1 : 0,
	};
	return 0;
}

int contents_open(const struct host *host, const char *name, struct contents *ret_contents)
{
	TRY(record_find(host, name, &ret_contents->record));
	return fail_in(open_layers(host, ret_contents), "container '%s'",
		       ret_contents->record.name);
}

void contents_release(struct contents *contents)
{
	record_release(&contents->record);
	image_release(&contents->image);
	store_release(&contents->store);
	idmaps_release(&contents->maps);
	free(contents->upper);
	strvec_release(&contents->layers);
	*contents = (struct contents)CONTENTS_INIT;
}

/* --- changes ---------------------------------------------------------------------------------- */

struct finding {
	const struct contents *contents;
	int fd;
};

static int find_inside(void *arg)
{
	const struct finding *finding = arg;
	AUTO(buf) list = BUF_INIT;

	TRY(changes_find(&finding->contents->layers, &finding->contents->owners, &list));
	return fs_write_all(finding->fd, list.data, list.len, "the list of changes");
}

int contents_changes(const struct contents *contents, struct buf *out)
{
	const struct idmaps *maps = &contents->store.maps;
	struct finding finding = { .contents = contents };
	autoclose int fd = -1;

	if (contents->upper == NULL)
		return 0;
	fd = memfd_create("changes", MFD_CLOEXEC);
	if (fd < 0)
		return fail("cannot make a file in memory");
	finding.fd = fd;
	TRY(maps->uid.n == 0 ? find_inside(&finding) : idmap_run(maps, find_inside, &finding));
	if (lseek(fd, 0, SEEK_SET) < 0)
		return fail("cannot read the list of changes");
	return fs_read_fd(fd, "the list of changes", MAX_CHANGES + MAX_TAR_PATH, out);
}
