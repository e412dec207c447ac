/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <linux/mount.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/json.h"
#include "base/path.h"
#include "spec/bundlepart.h"
#include "spec/configpart.h"
#include "spec/names.h"

/* File systems that are made inside of the container, in its namespaces: what has no device and no
 * server. All others are mounted by who starts the container, where the paths of devices mean what
 * the bundle means by them. */
static const char *const own_types[] = {
	"binder",     "binfmt_misc", "bpf",      "cgroup",   "cgroup2", "configfs",
	"debugfs",    "devpts",      "devtmpfs", "efivarfs", "fuse",    "fusectl",
	"hugetlbfs",  "mqueue",      "overlay",  "proc",     "pstore",  "ramfs",
	"securityfs", "sysfs",       "tmpfs",    "tracefs",
};

static bool is_own_type(const char *type)
{
	for (size_t i = 0; i < ARRAY_SIZE(own_types); i++)
		if (strcmp(type, own_types[i]) == 0)
			return true;
	return false;
}

/* Options of the file system, which mount(8) takes with commas between them as well. A comma in
 * quotes is part of a value, and the quotes are not. */
static void push_data(struct strvec *data, const char *text)
{
	AUTO(buf) word = BUF_INIT;
	bool quoted = false;

	for (const char *at = text; *at != '\0'; at++) {
		if (*at == '"') {
			quoted = !quoted;
		} else if (*at != ',' || quoted) {
			buf_add_char(&word, *at);
		} else if (word.len > 0) {
			strvec_push(data, word.data);
			buf_truncate(&word, 0);
		}
	}
	if (word.len > 0)
		strvec_push(data, word.data);
}

/* One kind of propagation adds to those before it. */
static void apply_option(const char *option, struct spec_mount *mount)
{
	unsigned long propagation = mount->propagation;

	mount->propagation = 0;
	if (!mount_option_apply(mount, option))
		push_data(&mount->data, option);
	if (mount->propagation == 0)
		mount->propagation = propagation;
	else if (propagation != 0)
		*VEC_PUSH(&mount->before) = propagation;
}

static void apply_word(const char *option, struct spec_mount *mount, bool *ret_bind)
{
	switch (mount_word(option)) {
	case MOUNT_WORD_NOTHING:
		return;
	case MOUNT_WORD_REMOUNT:
		mount->remount = true;
		return;
	case MOUNT_WORD_FS:
		strvec_push(&mount->data, option);
		return;
	case MOUNT_WORD_OTHER:
		break;
	}
	if (strcmp(option, "bind") == 0 || strcmp(option, "rbind") == 0)
		*ret_bind = true;
	if (strcmp(option, "ridmap") == 0)
		mount->idmap = mount->idmap_recursive = true;
	else
		apply_option(option, mount);
}

static int read_maps(const cJSON *from, struct spec_mount *mount)
{
	struct idmaps *maps = &mount->idmaps;

	TRY(config_part_mappings(from, "uidMappings", &maps->uid));
	TRY(config_part_mappings(from, "gidMappings", &maps->gid));
	if ((maps->uid.n == 0) != (maps->gid.n == 0))
		return refuse("'uidMappings' and 'gidMappings' belong together");
	mount->idmap |= maps->uid.n != 0;
	return 0;
}

/* A bind mount has no file system of its own, whose words mount(2) passes over for it. Others would
 * be passed over as well, and they are mistakes. */
static int check_bind_data(const struct spec_mount *mount)
{
	for (size_t i = 0; i < mount->data.n; i++)
		if (mount_word(mount->data.v[i]) != MOUNT_WORD_FS &&
		    strncasecmp(mount->data.v[i], "x-", 2) != 0)
			return refuse("'options': '%s' is no option of a bind mount",
				      mount->data.v[i]);
	return 0;
}

static int finish_bind(struct spec_mount *mount, const char *dir)
{
	autofree char *source = NULL;

	if (mount->source == NULL || *mount->source == '\0')
		return refuse("'source' is missing: a bind mount needs one");
	if (mount->tmpcopyup)
		return refuse("'options': 'tmpcopyup' is for a tmpfs, and this is a bind mount");
	TRY(check_bind_data(mount));
	strvec_release(&mount->data);
	/* A bind of what is there keeps its flags but for what is asked for, as a remount of it
	 * would. */
	mount->remount = false;
	source = path_join(dir, mount->source);
	xreplace(&mount->source, source);
	xreplace(&mount->type, "bind");
	/* What is mounted below the host's /sys is a part of it for whoever wants it read-only:
	 * else its cgroups could be written to (CVE-2023-25809). */
	if (mount->recursive && strcmp(mount->destination, "/sys") == 0)
		mount->attr_recursive |= mount->attr_set & MOUNT_ATTR_RDONLY;
	return 0;
}

static bool has_data(const struct spec_mount *mount, const char *key)
{
	size_t len = strlen(key);

	for (size_t i = 0; i < mount->data.n; i++)
		if (strncmp(mount->data.v[i], key, len) == 0)
			return true;
	return false;
}

static int finish_filesystem(struct spec_mount *mount)
{
	bool tmpfs = strcmp(mount->type, "tmpfs") == 0;

	if (strcmp(mount->type, "none") == 0)
		return refuse("'type' is 'none', which is for bind mounts: 'options' has neither "
			      "'bind' nor 'rbind'");
	if (mount->idmap)
		return refuse("'options': ids can be mapped in bind mounts alone");
	if (mount->tmpcopyup && !tmpfs)
		return refuse("'options': 'tmpcopyup' is for a tmpfs, and this is a file system of "
			      "type '%s'",
			      mount->type);
	mount->like_target = tmpfs && !has_data(mount, "mode=");
	mount->outside = !is_own_type(mount->type);
	if (mount->outside && (mount->source == NULL || *mount->source == '\0'))
		return refuse("'source' is missing: a file system of type '%s' needs one",
			      mount->type);
	return 0;
}

static int finish_remount(struct spec_mount *mount)
{
	if (mount->idmap || mount->tmpcopyup)
		return refuse("'options': 'remount' changes a mount that is there, which neither "
			      "'tmpcopyup' nor 'idmap' can do");
	if (mount->type == NULL)
		mount->type = xstrdup("none");
	return 0;
}

static int read_mount(const cJSON *from, const char *dir, struct spec_mount *mount)
{
	const char *destination = NULL;
	AUTO(strvec) options = STRVEC_INIT;
	bool bind = false;

	TRY(json_get_string(from, "destination", &destination));
	TRY(config_get_copy(from, "type", &mount->type));
	TRY(config_get_copy(from, "source", &mount->source));
	TRY(json_get_strings(from, "options", &options));
	if (destination == NULL || *destination == '\0')
		return refuse("'destination' is missing");
	mount->destination = path_clean(destination);
	for (size_t i = 0; i < options.n; i++)
		apply_word(options.v[i], mount, &bind);
	TRY(read_maps(from, mount));
	if (bind || (mount->type != NULL && strcmp(mount->type, "bind") == 0))
		return finish_bind(mount, dir);
	if (mount->remount)
		return finish_remount(mount);
	if (mount->type == NULL || *mount->type == '\0')
		return refuse("'type' is missing, and 'options' has neither 'bind' nor 'rbind'");
	return finish_filesystem(mount);
}

/* The devices that every container has are made in a file system that is ours, never in a directory
 * that somebody else has filled. */
static void supply_dev(struct spec *spec)
{
	struct spec_mount *mount, dev;

	for (size_t i = 0; i < spec->mounts.n; i++)
		if (strcmp(spec->mounts.v[i].destination, "/dev") == 0 &&
		    !spec->mounts.v[i].remount)
			return;
	mount = spec_add_mount(spec, "tmpfs", "tmpfs", "/dev");
	mount->attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME;
	mount->attr_clear = MOUNT_ATTR__ATIME;
	strvec_push(&mount->data, "mode=755");
	strvec_push(&mount->data, "size=65536k");
	dev = *mount;
	memmove(spec->mounts.v + 1, spec->mounts.v, (spec->mounts.n - 1) * sizeof(dev));
	spec->mounts.v[0] = dev;
}

/* The specification takes it, and calls it deprecated. */
static void warn_of_relative(const cJSON *from, size_t i, struct spec *spec)
{
	const char *destination = "/";

	if (json_get_string(from, "destination", &destination) > 0 && destination[0] != '/')
		strvec_pushf(&spec->warnings,
			     "mounts[%zu]: 'destination' is taken as relative to '/'", i);
}

int bundle_part_mounts(const cJSON *config, const char *dir, struct spec *spec)
{
	const cJSON *array = NULL, *item;
	size_t i = 0;

	TRY(json_get_array(config, "mounts", &array));
	cJSON_ArrayForEach(item, array)
	{
		struct spec_mount *mount = VEC_PUSH(&spec->mounts);

		mount->where = xasprintf("mounts[%zu]", i);
		TRY(fail_in(read_mount(item, dir, mount), "mounts[%zu]", i));
		warn_of_relative(item, i, spec);
		i++;
	}
	supply_dev(spec);
	return 0;
}

static int read_paths(const cJSON *linux_part, const char *key, struct strvec *paths)
{
	TRY(json_get_strings(linux_part, key, paths));
	for (size_t i = 0; i < paths->n; i++)
		if (paths->v[i][0] != '/')
			return refuse("%s[%zu]: '%s' is no absolute path", key, i, paths->v[i]);
	return 0;
}

int bundle_part_paths(const cJSON *linux_part, struct spec *spec)
{
	TRY(read_paths(linux_part, "maskedPaths", &spec->masked_paths));
	TRY(read_paths(linux_part, "readonlyPaths", &spec->readonly_paths));
	TRY(config_get_copy(linux_part, "mountLabel", &spec->mount_label));
	if (spec->mount_label != NULL && spec->mount_label[0] == '\0')
		xreplace(&spec->mount_label, NULL);
	return 0;
}
