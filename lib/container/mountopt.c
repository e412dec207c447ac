/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/mountopt.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/err.h"
#include "base/path.h"
#include "base/units.h"
#include "spec/names.h"

/* For which kinds of mounts an option is. */
#define BIND (1U << MOUNTOPT_BIND)
#define TMPFS (1U << MOUNTOPT_TMPFS)
#define IMAGE (1U << MOUNTOPT_IMAGE)
#define DEVPTS (1U << MOUNTOPT_DEVPTS)
#define ANONYMOUS (1U << MOUNTOPT_ANONYMOUS)
#define ANY (BIND | TMPFS | IMAGE | DEVPTS | ANONYMOUS)

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
	xreplace(&opt->mount.source, value);
	return 0;
}

static int set_destination(struct mountopt *opt, const char *value, bool flag)
{
	if (value[0] != '/')
		return refuse("the mount target '%s' is not an absolute path", value);
	free(opt->mount.destination);
	opt->mount.destination = path_clean(value);
	if (strcmp(opt->mount.destination, "/") == 0)
		return refuse("the mount target must not be '/'");
	return 0;
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
		opt->mount.attr_recursive = false;
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
	{ "z", BIND | ANONYMOUS, VALUE_FLAG, set_relabel_flag },
	{ "Z", BIND | ANONYMOUS, VALUE_FLAG, set_relabel_flag },
	{ "relabel", BIND, VALUE_TEXT, set_relabel },
	{ "U", BIND | TMPFS | ANONYMOUS, VALUE_FLAG, set_chown },
	{ "chown", BIND | TMPFS | ANONYMOUS, VALUE_FLAG, set_chown },
	{ "idmap", BIND, VALUE_FLAG, set_idmap },
	{ "no-dereference", BIND, VALUE_FLAG, set_keep_link },
	{ "subpath", IMAGE, VALUE_TEXT, set_subpath },
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
	{ "consistency", BIND | TMPFS, VALUE_IGNORE, NULL },
	{ 0 },
};

/* The words that only -v has. */
static const struct key volume_keys[] = {
	{ "bind", BIND, VALUE_FLAG, set_nonrecursive },
	{ "rbind", BIND, VALUE_WORD, NULL },
	{ "O", BIND, VALUE_FLAG, set_overlay },
	{ "upperdir", BIND, VALUE_TEXT, set_upper },
	{ "workdir", BIND, VALUE_TEXT, set_work },
	{ "copy", ANONYMOUS, VALUE_FLAG, set_copyup },
	{ "nocopy", ANONYMOUS, VALUE_FLAG, set_no_copyup },
	{ "cached", BIND, VALUE_IGNORE, NULL },
	{ "delegated", BIND, VALUE_IGNORE, NULL },
	{ "consistent", BIND, VALUE_IGNORE, NULL },
	{ 0 },
};

/* The names of --mount for both ends. */
static const struct key mount_keys[] = {
	{ "src", BIND | IMAGE, VALUE_TEXT, set_source },
	{ "source", BIND | IMAGE, VALUE_TEXT, set_source },
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

/* "key" or "key=value", looked up in both tables. */
static int apply_option(const char *text, const struct key *extra, struct mountopt *opt)
{
	const char *equals = strchr(text, '=');
	size_t len = equals != NULL ? (size_t)(equals - text) : strlen(text);
	const struct key *key = find_key(keys, text, len);

	if (key == NULL && extra != NULL)
		key = find_key(extra, text, len);
	if (key == NULL)
		return refuse("there is no mount option '%.*s'", (int)len, text);
	if ((key->kinds & 1U << opt->kind) == 0)
		return refuse("the mount option '%s' is not for this type of mount", key->name);
	return apply_key(key, equals != NULL ? equals + 1 : NULL, opt);
}

static void start(struct mountopt *opt, enum mountopt_kind kind)
{
	static const char *const types[] = {
		[MOUNTOPT_BIND] = "bind",      [MOUNTOPT_TMPFS] = "tmpfs",
		[MOUNTOPT_IMAGE] = "overlay",  [MOUNTOPT_DEVPTS] = "devpts",
		[MOUNTOPT_ANONYMOUS] = "bind",
	};

	*opt = (struct mountopt){ .kind = kind };
	opt->mount.type = xstrdup(types[kind]);
	opt->mount.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
	if (kind == MOUNTOPT_BIND)
		opt->mount.recursive = opt->mount.attr_recursive = true;
	if (kind == MOUNTOPT_TMPFS)
		opt->mount.attr_set |= MOUNT_ATTR_NOEXEC;
	if (kind == MOUNTOPT_DEVPTS) {
		opt->mount.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
		strvec_push(&opt->mount.data, "newinstance");
		strvec_push(&opt->mount.data, "ptmxmode=0666");
	}
	opt->mount.tmpcopyup = kind == MOUNTOPT_TMPFS || kind == MOUNTOPT_ANONYMOUS;
}

/* Paths relative to the current directory become absolute: the plan is read elsewhere. */
static int absolute_source(struct mountopt *opt)
{
	autofree char *here = NULL, *joined = NULL;

	if (opt->mount.source[0] == '/')
		return 0;
	here = getcwd(NULL, 0);
	if (here == NULL)
		return fail("cannot find the current directory");
	joined = path_join(here, opt->mount.source);
	free(opt->mount.source);
	opt->mount.source = path_clean(joined);
	return 0;
}

/* A device of the host that is mounted by its name, or all of them, are to be devices. */
static void allow_devices(struct mountopt *opt)
{
	autofree char *source = path_clean(opt->mount.source);

	if (!opt->nodev && (strcmp(source, "/dev") == 0 || strncmp(source, "/dev/", 5) == 0))
		opt->mount.attr_set &= ~(uint64_t)MOUNT_ATTR_NODEV;
}

static int finish(struct mountopt *opt)
{
	/* An attribute that the user did not ask to clear must not be cleared: a user namespace
	 * may not, and "rw" means no more than "not ro". */
	opt->mount.attr_clear &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	if (!opt->mount.recursive)
		opt->mount.attr_recursive = false;
	if ((opt->mount.upper == NULL) != (opt->mount.work == NULL))
		return refuse("upperdir and workdir belong together");
	if (opt->mount.upper != NULL && !opt->overlay)
		return refuse("upperdir and workdir are for the option O");
	if (opt->wants_readonly && (opt->mount.attr_set & MOUNT_ATTR_RDONLY) == 0)
		return refuse("bind-recursive=readonly needs readonly as well");
	if (opt->kind != MOUNTOPT_BIND)
		return 0;
	TRY(absolute_source(opt));
	allow_devices(opt);
	return 0;
}

static int apply_words(const char *text, const struct key *extra, struct mountopt *opt)
{
	AUTO(strvec) words = STRVEC_INIT;

	strvec_split(&words, text, ',');
	for (size_t i = 0; i < words.n; i++)
		if (*words.v[i] != '\0')
			TRY(apply_option(words.v[i], extra, opt));
	return 0;
}

static int refuse_named(const char *name)
{
	refuse("'%s' would be a named volume, and there are none in this version", name);
	hint("to mount a directory of the host, give its path: -v ./%s:... or -v /%s:...", name,
	     name);
	return -EINVAL;
}

static int parse_volume(const struct strvec *parts, struct mountopt *opt)
{
	bool anonymous = parts->n == 1;
	const char *source = parts->v[0];

	start(opt, anonymous ? MOUNTOPT_ANONYMOUS : MOUNTOPT_BIND);
	TRY(set_destination(opt, parts->v[anonymous ? 0 : 1], true));
	if (!anonymous) {
		if (*source == '\0')
			return refuse("the source is empty");
		if (*source != '/' && *source != '.')
			return refuse_named(source);
		TRY(set_source(opt, source, true));
	}
	if (parts->n == 3)
		TRY(apply_words(parts->v[2], volume_keys, opt));
	return finish(opt);
}

int mountopt_parse_volume(const char *text, struct mountopt *ret_opt)
{
	AUTO(strvec) parts = STRVEC_INIT;
	AUTO(mountopt) opt = { 0 };

	strvec_split(&parts, text, ':');
	if (parts.n > 3) {
		refuse("--volume '%s': more than SRC:DST:OPTIONS", text);
		hint("a path with a colon can be given with --mount type=bind,src=...,dst=...");
		return -EINVAL;
	}
	/* -v /data:ro is SRC:DST to docker and podman as well: "ro" is no absolute path. */
	TRY(fail_in(parse_volume(&parts, &opt), "--volume '%s'", text));
	*ret_opt = opt;
	opt = (struct mountopt){ 0 };
	return 0;
}

int mountopt_parse_tmpfs(const char *text, struct mountopt *ret_opt)
{
	const char *colon = strchr(text, ':');
	autofree char *path =
		colon != NULL ? xstrndup(text, (size_t)(colon - text)) : xstrdup(text);
	AUTO(mountopt) opt = { 0 };

	start(&opt, MOUNTOPT_TMPFS);
	TRY(fail_in(set_destination(&opt, path, true), "--tmpfs '%s'", text));
	if (colon != NULL)
		TRY(fail_in(apply_words(colon + 1, NULL, &opt), "--tmpfs '%s'", text));
	TRY(finish(&opt));
	*ret_opt = opt;
	opt = (struct mountopt){ 0 };
	return 0;
}

/* Fields as in RFC 4180: those in double quotes may hold commas, "" is a quote. */
static int split_fields(const char *text, struct strvec *fields)
{
	AUTO(buf) field = BUF_INIT;
	bool quoted = false;

	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '"' && quoted && p[1] == '"')
			buf_add_char(&field, *p++);
		else if (*p == '"' && (quoted || field.len == 0))
			quoted = !quoted;
		else if (*p == ',' && !quoted) {
			strvec_push(fields, field.data);
			buf_clear(&field);
		} else
			buf_add_char(&field, *p);
	}
	strvec_push(fields, field.data);
	return quoted ? refuse("a quote is not closed") : 0;
}

static int find_kind(const struct strvec *fields, enum mountopt_kind *ret_kind)
{
	static const char *const names[] = {
		[MOUNTOPT_BIND] = "bind",
		[MOUNTOPT_TMPFS] = "tmpfs",
		[MOUNTOPT_IMAGE] = "image",
		[MOUNTOPT_DEVPTS] = "devpts",
	};
	const char *type = env_get(fields, "type");

	if (type == NULL)
		type = "volume";
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(type, names[i]) == 0) {
			*ret_kind = (enum mountopt_kind)i;
			return 0;
		}
	refuse("mounts of type '%s' are not supported in this version", type);
	hint("give type=bind, tmpfs, image or devpts");
	return -EINVAL;
}

static int parse_mount(const char *text, struct mountopt *opt)
{
	AUTO(strvec) fields = STRVEC_INIT;
	enum mountopt_kind kind;
	bool needs_source;

	TRY(split_fields(text, &fields));
	TRY(find_kind(&fields, &kind));
	start(opt, kind);
	if (kind == MOUNTOPT_IMAGE)
		TRY(set_readonly(opt, NULL, true));
	for (size_t i = 0; i < fields.n; i++)
		if (strncmp(fields.v[i], "type=", 5) != 0)
			TRY(apply_option(fields.v[i], mount_keys, opt));
	needs_source = kind == MOUNTOPT_BIND || kind == MOUNTOPT_IMAGE;
	if (needs_source && opt->mount.source == NULL)
		return refuse("src= is missing");
	if (opt->mount.destination == NULL)
		return refuse("dst= is missing");
	return finish(opt);
}

int mountopt_parse_mount(const char *text, struct mountopt *ret_opt)
{
	AUTO(mountopt) opt = { 0 };

	TRY(fail_in(parse_mount(text, &opt), "--mount '%s'", text));
	*ret_opt = opt;
	opt = (struct mountopt){ 0 };
	return 0;
}

void mountopt_release(struct mountopt *opt)
{
	spec_mount_release(&opt->mount);
	free(opt->subpath);
	*opt = (struct mountopt){ 0 };
}
