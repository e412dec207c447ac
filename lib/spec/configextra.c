/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/configextra.h"

#include <sys/mount.h>

#include "base/bounds.h"
#include "base/err.h"

/* Flags of a mount, as bits. */
enum {
	MOUNT_RECURSIVE = 1 << 0,
	MOUNT_ATTR_RECURSIVE = 1 << 1,
	MOUNT_COPYUP = 1 << 2,
	MOUNT_CHOWN = 1 << 3,
	MOUNT_IDMAP = 1 << 4,
	MOUNT_FROM_IMAGE = 1 << 5,
	MOUNT_OUTSIDE = 1 << 6,
	MOUNT_FLAGS = (1 << 7) - 1,
};

/* --- writing ---------------------------------------------------------------------------------- */

static int64_t mount_flags(const struct spec_mount *mount)
{
	return (mount->recursive ? MOUNT_RECURSIVE : 0) |
	       (mount->attr_recursive == MOUNT_ATTR_ALL ? MOUNT_ATTR_RECURSIVE : 0) |
	       (mount->tmpcopyup ? MOUNT_COPYUP : 0) | (mount->chown ? MOUNT_CHOWN : 0) |
	       (mount->idmap ? MOUNT_IDMAP : 0) | (mount->from_image ? MOUNT_FROM_IMAGE : 0) |
	       (mount->outside ? MOUNT_OUTSIDE : 0);
}

static void add_mounts(cJSON *extra, const struct spec *spec)
{
	cJSON *array = json_add_array(extra, "mounts");

	for (size_t i = 0; i < spec->mounts.n; i++) {
		const struct spec_mount *from = &spec->mounts.v[i];
		cJSON *mount = json_object();

		json_add_string(mount, "destination", from->destination);
		json_add_string(mount, "type", from->type);
		json_add_string(mount, "source", from->source);
		json_add_string(mount, "subpath", from->subpath);
		json_add_int(mount, "set", (int64_t)from->attr_set);
		json_add_int(mount, "clear", (int64_t)from->attr_clear);
		if (from->attr_recursive != 0 && from->attr_recursive != MOUNT_ATTR_ALL)
			json_add_int(mount, "below", (int64_t)from->attr_recursive);
		json_add_int(mount, "propagation", (int64_t)from->propagation);
		json_add_int(mount, "flags", mount_flags(from));
		json_add_strings(mount, "data", &from->data);
		json_add_strings(mount, "lower", &from->lower);
		json_add_string(mount, "upper", from->upper);
		json_add_string(mount, "work", from->work);
		json_push(array, mount);
	}
}

static void add_devices(cJSON *extra, const struct spec *spec)
{
	cJSON *array = json_add_array(extra, "devices");

	for (size_t i = 0; i < spec->devices.n; i++)
		json_push_string(
			array, spec->devices.v[i].source != NULL ? spec->devices.v[i].source : "");
}

static void add_root(cJSON *extra, const struct spec_root *root)
{
	cJSON *object = json_add_object(extra, "root");

	json_add_int(object, "kind", root->kind);
	json_add_string(object, "path", root->path);
	json_add_strings(object, "lower", &root->lower);
	json_add_string(object, "upper", root->upper);
	json_add_string(object, "work", root->work);
	json_add_int(object, "propagation", (int64_t)root->propagation);
}

void config_extra_write(const struct spec *spec, struct buf *out)
{
	autojson cJSON *extra = json_object();
	cJSON *cgroup = json_add_object(extra, "cgroup");

	add_root(extra, &spec->root);
	add_mounts(extra, spec);
	add_devices(extra, spec);
	json_add_int(cgroup, "mode", spec->cgroup.mode);
	json_add_string(cgroup, "parent", spec->cgroup.parent);
	json_add_bool(cgroup, "asked", spec->cgroup.resources.asked);
	json_add_string(extra, "passwd", spec->process.user.passwd_entry);
	json_print(extra, false, out);
}

/* --- reading ---------------------------------------------------------------------------------- */

static int get_copy(const cJSON *object, const char *key, char **slot)
{
	const char *text = NULL;

	TRY(json_get_string(object, key, &text));
	xreplace(slot, text);
	return 0;
}

static int get_flags(const cJSON *object, const char *key, uint64_t *ret_flags)
{
	int64_t value = 0;

	TRY(json_get_int(object, key, 0, INT64_MAX, &value));
	*ret_flags = (uint64_t)value;
	return 0;
}

static int read_mount(const cJSON *from, struct spec_mount *mount)
{
	uint64_t propagation = 0;
	int64_t flags = 0;

	TRY(get_copy(from, "destination", &mount->destination));
	TRY(get_copy(from, "type", &mount->type));
	TRY(get_copy(from, "source", &mount->source));
	TRY(get_copy(from, "subpath", &mount->subpath));
	TRY(get_flags(from, "set", &mount->attr_set));
	TRY(get_flags(from, "clear", &mount->attr_clear));
	TRY(get_flags(from, "below", &mount->attr_recursive));
	TRY(get_flags(from, "propagation", &propagation));
	TRY(json_get_int(from, "flags", 0, MOUNT_FLAGS, &flags));
	TRY(json_get_strings(from, "data", &mount->data));
	TRY(json_get_strings(from, "lower", &mount->lower));
	TRY(get_copy(from, "upper", &mount->upper));
	TRY(get_copy(from, "work", &mount->work));
	if (mount->destination == NULL || mount->type == NULL)
		return refuse("a mount has no destination or no type");
	mount->propagation = (unsigned long)propagation;
	mount->recursive = (flags & MOUNT_RECURSIVE) != 0;
	if ((flags & MOUNT_ATTR_RECURSIVE) != 0)
		mount->attr_recursive = MOUNT_ATTR_ALL;
	mount->tmpcopyup = (flags & MOUNT_COPYUP) != 0;
	mount->chown = (flags & MOUNT_CHOWN) != 0;
	mount->idmap = (flags & MOUNT_IDMAP) != 0;
	mount->from_image = (flags & MOUNT_FROM_IMAGE) != 0;
	mount->outside = (flags & MOUNT_OUTSIDE) != 0;
	return 0;
}

static int read_mounts(const cJSON *extra, struct spec *spec)
{
	const cJSON *array = NULL, *item;

	TRY(json_get_array(extra, "mounts", &array));
	cJSON_ArrayForEach(item, array) TRY(read_mount(item, VEC_PUSH(&spec->mounts)));
	return 0;
}

static int read_devices(const cJSON *extra, struct spec *spec)
{
	AUTO(strvec) sources = STRVEC_INIT;

	TRY(json_get_strings(extra, "devices", &sources));
	if (sources.n != spec->devices.n)
		return refuse("there are %zu devices and %zu sources of them", spec->devices.n,
			      sources.n);
	for (size_t i = 0; i < sources.n; i++)
		if (sources.v[i][0] != '\0')
			spec->devices.v[i].source = xstrdup(sources.v[i]);
	return 0;
}

static int read_root(const cJSON *extra, struct spec_root *root)
{
	const cJSON *object = NULL;
	uint64_t propagation = 0;
	int64_t kind = 0;

	TRY(json_get_object(extra, "root", &object));
	TRY(json_get_int(object, "kind", 0, ROOT_HOST, &kind));
	TRY(get_copy(object, "path", &root->path));
	TRY(json_get_strings(object, "lower", &root->lower));
	TRY(get_copy(object, "upper", &root->upper));
	TRY(get_copy(object, "work", &root->work));
	TRY(get_flags(object, "propagation", &propagation));
	root->kind = (enum root_kind)kind;
	root->propagation = (unsigned long)propagation;
	return 0;
}

static int read_cgroup(const cJSON *extra, struct spec_cgroup *cgroup)
{
	const cJSON *object = NULL;
	int64_t mode = 0;

	TRY(json_get_object(extra, "cgroup", &object));
	TRY(json_get_int(object, "mode", 0, CGROUP_SPLIT, &mode));
	TRY(get_copy(object, "parent", &cgroup->parent));
	cgroup->mode = (enum cgroup_mode)mode;
	return json_get_bool(object, "asked", &cgroup->resources.asked);
}

int config_extra_read(const char *text, size_t len, struct spec *spec)
{
	autojson cJSON *extra = NULL;

	TRY(json_parse(text, len, "the annotation", &extra));
	TRY(read_root(extra, &spec->root));
	TRY(read_mounts(extra, spec));
	TRY(read_devices(extra, spec));
	TRY(read_cgroup(extra, &spec->cgroup));
	return get_copy(extra, "passwd", &spec->process.user.passwd_entry);
}
