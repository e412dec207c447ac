/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/mountkey.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "base/err.h"
#include "base/path.h"
#include "base/units.h"
#include "container/volume.h"
#include "spec/names.h"

/* For which kinds of mounts an option is. */
#define BIND (1U << MOUNTOPT_BIND)
#define TMPFS (1U << MOUNTOPT_TMPFS)
#define IMAGE (1U << MOUNTOPT_IMAGE)
#define DEVPTS (1U << MOUNTOPT_DEVPTS)
#define NAMED (1U << MOUNTOPT_VOLUME)
#define VOLUMES (1U << MOUNTOPT_ANONYMOUS | 1U << MOUNTOPT_VOLUME)
#define ANY (BIND | TMPFS | IMAGE | DEVPTS | VOLUMES)

/* How to read the value; none of them may be given a value of its own form. */
enum value {
	VALUE_WORD,  /* no value: a mount option of the runtime-spec, by the row's name */
	VALUE_FLAG,  /* none, or a Boolean */
	VALUE_TEXT,  /* any */
	VALUE_IGNORE /* accepted for the sake of scripts */
};

struct key {
	const char *name;
	unsigned int kinds;
	enum value value;
	int (*apply)(struct mountopt *opt, const char *value, bool flag);
};

static int parse_bool(const char *key, const char *text, bool *ret_value)
{
	static const char *const yes[] = { "true", "1", "t", "T", "TRUE", "True" };
	static const char *const no[] = { "false", "0", "f", "F", "FALSE", "False" };

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		if (strcmp(text, yes[i]) == 0) {
			*ret_value = true;
			return 0;
		} else if (strcmp(text, no[i]) == 0) {
			*ret_value = false;
			return 0;
		}
	return refuse("'%s=%s': true or false is wanted", key, text);
}

static int set_source(struct mountopt *opt, const char *value, bool flag)
{
	if (opt->kind == MOUNTOPT_VOLUME) {
		TRY(volume_check_name(value));
		xreplace(&opt->volume, value);
		return 0;
	}
	xreplace(&opt->mount.source, value);
	return 0;
}

int mountkey_set_destination(struct mountopt *opt, const char *value)
{
	if (value[0] != '/')
		return refuse("the mount target '%s' is not an absolute path", value);
	free(opt->mount.destination);
	opt->mount.destination = path_clean(value);
	if (strcmp(opt->mount.destination, "/") == 0)
		return refuse("the mount target must not be '/'");
	return 0;
}

static int set_destination(struct mountopt *opt, const char *value, bool flag)
{
	return mountkey_set_destination(opt, value);
}

static int set_readonly(struct mountopt *opt, const char *value, bool flag)
{
	opt->writable = !flag;
	if (flag)
		opt->mount.attr_set |= MOUNT_ATTR_RDONLY;
	else
		opt->mount.attr_set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	return 0;
}

static int set_writable(struct mountopt *opt, const char *value, bool flag)
{
	return set_readonly(opt, value, !flag);
}

static int set_propagation(struct mountopt *opt, const char *value, bool flag)
{
	struct spec_mount probe = { 0 };

	if (!mount_option_apply(&probe, value) || probe.propagation == 0)
		return refuse("'%s' is not a propagation: private, slave, shared, unbindable, or "
			      "one of them with r in front",
			      value);
	opt->mount.propagation = probe.propagation;
	return 0;
}

static int set_nonrecursive(struct mountopt *opt, const char *value, bool flag)
{
	opt->mount.recursive = !flag;
	return 0;
}

/* docker's bind-recursive */
static int set_recursive(struct mountopt *opt, const char *value, bool flag)
{
	if (strcmp(value, "enabled") == 0 || strcmp(value, "true") == 0)
		opt->mount.recursive = true;
	else if (strcmp(value, "disabled") == 0 || strcmp(value, "false") == 0)
		opt->mount.recursive = false;
	else if (strcmp(value, "writable") == 0)
		opt->mount.attr_recursive = 0;
	else if (strcmp(value, "readonly") == 0)
		opt->wants_readonly = true;
	else
		return refuse("'bind-recursive=%s': enabled, disabled, writable or readonly",
			      value);
	return 0;
}

static int set_relabel(struct mountopt *opt, const char *value, bool flag)
{
	if (value != NULL && strcmp(value, "shared") != 0 && strcmp(value, "private") != 0)
		return refuse("'relabel=%s': shared or private", value);
	opt->relabel = true;
	return 0;
}

static int set_relabel_flag(struct mountopt *opt, const char *value, bool flag)
{
	opt->relabel = flag;
	return 0;
}

static int set_chown(struct mountopt *opt, const char *value, bool flag)
{
	opt->mount.chown = flag;
	return 0;
}

static int set_idmap(struct mountopt *opt, const char *value, bool flag)
{
	opt->mount.idmap = flag;
	return 0;
}

static int set_keep_link(struct mountopt *opt, const char *value, bool flag)
{
	opt->keep_link = flag;
	return 0;
}

static int set_overlay(struct mountopt *opt, const char *value, bool flag)
{
	opt->overlay = flag;
	return 0;
}

static int set_directory(const char *key, const char *value, char **slot)
{
	if (value[0] != '/')
		return refuse("'%s=%s' is not an absolute path", key, value);
	xreplace(slot, value);
	return 0;
}

static int set_upper(struct mountopt *opt, const char *value, bool flag)
{
	return set_directory("upperdir", value, &opt->mount.upper);
}

static int set_work(struct mountopt *opt, const char *value, bool flag)
{
	return set_directory("workdir", value, &opt->mount.work);
}

static int set_subpath(struct mountopt *opt, const char *value, bool flag)
{
	free(opt->subpath);
	opt->subpath = path_clean(value);
	return 0;
}

static int set_driver(struct mountopt *opt, const char *value, bool flag)
{
	return volume_check_driver(value);
}

static int push_driver_option(struct mountopt *opt, const char *value, bool flag)
{
	strvec_push(&opt->driver_options, value);
	return 0;
}

static int push_label(struct mountopt *opt, const char *value, bool flag)
{
	strvec_push(&opt->labels, value);
	return 0;
}

static int set_copyup(struct mountopt *opt, const char *value, bool flag)
{
	opt->mount.tmpcopyup = flag;
	return 0;
}

static int set_no_copyup(struct mountopt *opt, const char *value, bool flag)
{
	return set_copyup(opt, value, !flag);
}

static int set_size(struct mountopt *opt, const char *value, bool flag)
{
	size_t len = strlen(value);
	uint64_t bytes;

	if (len > 1 && value[len - 1] == '%' && strspn(value, "0123456789") == len - 1) {
		strvec_pushf(&opt->mount.data, "size=%s", value);
		return 0;
	}
	TRY(units_parse_size(value, &bytes));
	strvec_pushf(&opt->mount.data, "size=%llu", (unsigned long long)bytes);
	return 0;
}

static int set_mode(struct mountopt *opt, const char *value, bool flag)
{
	uint32_t mode;

	TRY(units_parse_mode(value, &mode));
	strvec_pushf(&opt->mount.data, "mode=%o", mode);
	return 0;
}

static int push_number(struct mountopt *opt, const char *key, const char *value, uint64_t max)
{
	uint64_t number;

	TRY(units_parse_u64(value, max, &number));
	strvec_pushf(&opt->mount.data, "%s=%llu", key, (unsigned long long)number);
	return 0;
}

static int set_uid(struct mountopt *opt, const char *value, bool flag)
{
	return push_number(opt, "uid", value, UINT32_MAX - 1);
}

static int set_gid(struct mountopt *opt, const char *value, bool flag)
{
	return push_number(opt, "gid", value, UINT32_MAX - 1);
}

static int set_inodes(struct mountopt *opt, const char *value, bool flag)
{
	return push_number(opt, "nr_inodes", value, UINT32_MAX);
}

static int set_max(struct mountopt *opt, const char *value, bool flag)
{
	return push_number(opt, "max", value, UINT32_MAX);
}

static int set_noswap(struct mountopt *opt, const char *value, bool flag)
{
	strvec_push(&opt->mount.data, "noswap");
	return 0;
}

/* Options that -v, --mount and --tmpfs share, and those of each. */
static const struct key keys[] = {
	{ "ro", ANY, VALUE_FLAG, set_readonly },
	{ "readonly", ANY, VALUE_FLAG, set_readonly },
	{ "rw", ANY, VALUE_FLAG, set_writable },
	{ "readwrite", IMAGE, VALUE_FLAG, set_writable },
	{ "suid", ANY, VALUE_WORD, NULL },
	{ "nosuid", ANY, VALUE_WORD, NULL },
	{ "dev", ANY, VALUE_WORD, NULL },
	{ "nodev", ANY, VALUE_WORD, NULL },
	{ "exec", ANY, VALUE_WORD, NULL },
	{ "noexec", ANY, VALUE_WORD, NULL },
	{ "noatime", ANY, VALUE_WORD, NULL },
	{ "relatime", ANY, VALUE_WORD, NULL },
	{ "strictatime", ANY, VALUE_WORD, NULL },
	{ "nodiratime", ANY, VALUE_WORD, NULL },
	{ "nosymfollow", ANY, VALUE_WORD, NULL },
	{ "bind-propagation", BIND, VALUE_TEXT, set_propagation },
	{ "bind-nonrecursive", BIND, VALUE_FLAG, set_nonrecursive },
	{ "bind-recursive", BIND, VALUE_TEXT, set_recursive },
	{ "private", BIND, VALUE_WORD, NULL },
	{ "rprivate", BIND, VALUE_WORD, NULL },
	{ "slave", BIND, VALUE_WORD, NULL },
	{ "rslave", BIND, VALUE_WORD, NULL },
	{ "shared", BIND, VALUE_WORD, NULL },
	{ "rshared", BIND, VALUE_WORD, NULL },
	{ "unbindable", BIND, VALUE_WORD, NULL },
	{ "runbindable", BIND, VALUE_WORD, NULL },
	{ "z", BIND | VOLUMES, VALUE_FLAG, set_relabel_flag },
	{ "Z", BIND | VOLUMES, VALUE_FLAG, set_relabel_flag },
	{ "relabel", BIND | VOLUMES, VALUE_TEXT, set_relabel },
	{ "U", BIND | TMPFS | VOLUMES, VALUE_FLAG, set_chown },
	{ "chown", BIND | TMPFS | VOLUMES, VALUE_FLAG, set_chown },
	{ "idmap", BIND | VOLUMES, VALUE_FLAG, set_idmap },
	{ "no-dereference", BIND, VALUE_FLAG, set_keep_link },
	{ "subpath", IMAGE | NAMED, VALUE_TEXT, set_subpath },
	{ "tmpcopyup", TMPFS, VALUE_FLAG, set_copyup },
	{ "notmpcopyup", TMPFS, VALUE_FLAG, set_no_copyup },
	{ "tmpfs-size", TMPFS, VALUE_TEXT, set_size },
	{ "size", TMPFS, VALUE_TEXT, set_size },
	{ "tmpfs-mode", TMPFS, VALUE_TEXT, set_mode },
	{ "mode", TMPFS | DEVPTS, VALUE_TEXT, set_mode },
	{ "nr_inodes", TMPFS, VALUE_TEXT, set_inodes },
	{ "noswap", TMPFS, VALUE_FLAG, set_noswap },
	{ "uid", TMPFS | DEVPTS, VALUE_TEXT, set_uid },
	{ "gid", TMPFS | DEVPTS, VALUE_TEXT, set_gid },
	{ "max", DEVPTS, VALUE_TEXT, set_max },
	{ "consistency", BIND | TMPFS | VOLUMES, VALUE_IGNORE, NULL },
	{ 0 },
};

/* The words that only -v has. */
static const struct key volume_keys[] = {
	{ "bind", BIND, VALUE_FLAG, set_nonrecursive },
	{ "rbind", BIND, VALUE_WORD, NULL },
	{ "O", BIND | NAMED, VALUE_FLAG, set_overlay },
	{ "upperdir", BIND | NAMED, VALUE_TEXT, set_upper },
	{ "workdir", BIND | NAMED, VALUE_TEXT, set_work },
	{ "copy", VOLUMES, VALUE_FLAG, set_copyup },
	{ "nocopy", VOLUMES, VALUE_FLAG, set_no_copyup },
	{ "cached", BIND | VOLUMES, VALUE_IGNORE, NULL },
	{ "delegated", BIND | VOLUMES, VALUE_IGNORE, NULL },
	{ "consistent", BIND | VOLUMES, VALUE_IGNORE, NULL },
	{ 0 },
};

/* The names of --mount for both ends. */
static const struct key mount_keys[] = {
	{ "src", BIND | IMAGE | NAMED, VALUE_TEXT, set_source },
	{ "source", BIND | IMAGE | NAMED, VALUE_TEXT, set_source },
	{ "volume-subpath", NAMED, VALUE_TEXT, set_subpath },
	{ "volume-nocopy", VOLUMES, VALUE_FLAG, set_no_copyup },
	{ "nocopy", VOLUMES, VALUE_FLAG, set_no_copyup },
	{ "volume-driver", VOLUMES, VALUE_TEXT, set_driver },
	{ "volume-opt", VOLUMES, VALUE_TEXT, push_driver_option },
	{ "volume-label", VOLUMES, VALUE_TEXT, push_label },
	{ "dst", ANY, VALUE_TEXT, set_destination },
	{ "dest", ANY, VALUE_TEXT, set_destination },
	{ "destination", ANY, VALUE_TEXT, set_destination },
	{ "target", ANY, VALUE_TEXT, set_destination },
	{ 0 },
};

static const struct key *find_key(const struct key *table, const char *name, size_t len)
{
	for (; table->name != NULL; table++)
		if (strlen(table->name) == len && strncmp(table->name, name, len) == 0)
			return table;
	return NULL;
}

static int apply_key(const struct key *key, const char *value, struct mountopt *opt)
{
	bool flag = true;

	switch (key->value) {
	case VALUE_IGNORE:
		return 0;
	case VALUE_WORD:
		if (value != NULL)
			return refuse("the option '%s' takes no value", key->name);
		mount_option_apply(&opt->mount, key->name);
		opt->nodev |= strcmp(key->name, "nodev") == 0;
		return 0;
	case VALUE_FLAG:
		if (value != NULL)
			TRY(parse_bool(key->name, value, &flag));
		return key->apply(opt, NULL, flag);
	case VALUE_TEXT:
		if (value == NULL || *value == '\0')
			return refuse("the option '%s' needs a value", key->name);
		return key->apply(opt, value, true);
	}
	return 0;
}

int mountkey_apply(const char *text, enum mountkey_form form, struct mountopt *opt)
{
	static const struct key *const extras[] = {
		[MOUNTKEY_VOLUME] = volume_keys,
		[MOUNTKEY_MOUNT] = mount_keys,
	};
	const char *equals = strchr(text, '=');
	size_t len = equals != NULL ? (size_t)(equals - text) : strlen(text);
	const struct key *key = find_key(keys, text, len);

	if (key == NULL && form != MOUNTKEY_TMPFS)
		key = find_key(extras[form], text, len);
	if (key == NULL)
		return refuse("there is no mount option '%.*s'", (int)len, text);
	if ((key->kinds & 1U << opt->kind) == 0)
		return refuse("the mount option '%s' is not for this type of mount", key->name);
	return apply_key(key, equals != NULL ? equals + 1 : NULL, opt);
}
