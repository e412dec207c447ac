/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/mountopt.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/err.h"
#include "base/path.h"
#include "container/mountkey.h"
#include "container/volume.h"
#include "container/volumeopt.h"

static void start(struct mountopt *opt, enum mountopt_kind kind)
{
	static const char *const types[] = {
		[MOUNTOPT_BIND] = "bind",      [MOUNTOPT_TMPFS] = "tmpfs",
		[MOUNTOPT_IMAGE] = "overlay",  [MOUNTOPT_DEVPTS] = "devpts",
		[MOUNTOPT_ANONYMOUS] = "bind", [MOUNTOPT_VOLUME] = "bind",
	};

	*opt = (struct mountopt){ .kind = kind };
	opt->mount.type = xstrdup(types[kind]);
	opt->mount.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
	if (kind == MOUNTOPT_BIND) {
		opt->mount.recursive = true;
		opt->mount.attr_recursive = MOUNT_ATTR_ALL;
	}
	if (kind == MOUNTOPT_TMPFS)
		opt->mount.attr_set |= MOUNT_ATTR_NOEXEC;
	if (kind == MOUNTOPT_DEVPTS) {
		opt->mount.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
		strvec_push(&opt->mount.data, "newinstance");
		strvec_push(&opt->mount.data, "ptmxmode=0666");
	}
	opt->mount.tmpcopyup =
		kind == MOUNTOPT_TMPFS || kind == MOUNTOPT_ANONYMOUS || kind == MOUNTOPT_VOLUME;
}

/* Paths relative to the current directory become absolute: the plan is read elsewhere. */
static int absolute_source(struct mountopt *opt)
{
	autofree char *given = opt->mount.source;

	opt->mount.source = NULL;
	if (given[0] == '/') {
		opt->mount.source = steal(given);
		return 0;
	}
	return path_absolute(given, &opt->mount.source);
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
		opt->mount.attr_recursive = 0;
	if ((opt->mount.upper == NULL) != (opt->mount.work == NULL))
		return refuse("upperdir and workdir belong together");
	if (opt->mount.upper != NULL && !opt->overlay)
		return refuse("upperdir and workdir are for the option O");
	if (opt->wants_readonly && (opt->mount.attr_set & MOUNT_ATTR_RDONLY) == 0)
		return refuse("bind-recursive=readonly needs readonly as well");
	/* A part of the volume is not where the image has something, and an overlay keeps nothing.
	 */
	if (opt->kind == MOUNTOPT_VOLUME && (opt->subpath != NULL || opt->overlay))
		opt->mount.tmpcopyup = false;
	TRY(volumeopt_check(&opt->driver_options));
	if (opt->kind != MOUNTOPT_BIND)
		return 0;
	TRY(absolute_source(opt));
	allow_devices(opt);
	return 0;
}

static int apply_words(const char *text, enum mountkey_form form, struct mountopt *opt)
{
	AUTO(strvec) words = STRVEC_INIT;

	strvec_split(&words, text, ',');
	for (size_t i = 0; i < words.n; i++)
		if (*words.v[i] != '\0')
			TRY(mountkey_apply(words.v[i], form, opt));
	return 0;
}

static int parse_volume(const struct strvec *parts, struct mountopt *opt)
{
	bool anonymous = parts->n == 1;
	const char *source = parts->v[0];
	bool named = !anonymous && *source != '/' && *source != '.';

	start(opt, anonymous ? MOUNTOPT_ANONYMOUS : named ? MOUNTOPT_VOLUME : MOUNTOPT_BIND);
	TRY(mountkey_set_destination(opt, parts->v[anonymous ? 0 : 1]));
	if (!anonymous) {
		if (*source == '\0')
			return refuse("the source is empty");
		if (named)
			TRY(volume_check_name(source));
		xreplace(named ? &opt->volume : &opt->mount.source, source);
	}
	if (parts->n == 3)
		TRY(apply_words(parts->v[2], MOUNTKEY_VOLUME, opt));
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
	TRY(fail_in(mountkey_set_destination(&opt, path), "--tmpfs '%s'", text));
	if (colon != NULL)
		TRY(fail_in(apply_words(colon + 1, MOUNTKEY_TMPFS, &opt), "--tmpfs '%s'", text));
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
		[MOUNTOPT_BIND] = "bind",     [MOUNTOPT_TMPFS] = "tmpfs",
		[MOUNTOPT_IMAGE] = "image",   [MOUNTOPT_DEVPTS] = "devpts",
		[MOUNTOPT_VOLUME] = "volume",
	};
	const char *type = env_get(fields, "type");

	if (type == NULL)
		type = "volume";
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i] != NULL && strcmp(type, names[i]) == 0) {
			*ret_kind = (enum mountopt_kind)i;
			return 0;
		}
	refuse("mounts of type '%s' are not supported in this version", type);
	hint("give type=bind, volume, tmpfs, image or devpts");
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
		opt->mount.attr_set |= MOUNT_ATTR_RDONLY;
	for (size_t i = 0; i < fields.n; i++)
		if (strncmp(fields.v[i], "type=", 5) != 0)
			TRY(mountkey_apply(fields.v[i], MOUNTKEY_MOUNT, opt));
	needs_source = kind == MOUNTOPT_BIND || kind == MOUNTOPT_IMAGE;
	if (needs_source && opt->mount.source == NULL)
		return refuse("src= is missing");
	if (opt->mount.destination == NULL)
		return refuse("dst= is missing");
	if (kind == MOUNTOPT_VOLUME && opt->volume == NULL) {
		opt->kind = MOUNTOPT_ANONYMOUS;
		if (opt->subpath != NULL)
			return refuse("a volume that is just being made has no subpath");
	}
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
	free(opt->volume);
	strvec_release(&opt->driver_options);
	strvec_release(&opt->labels);
	*opt = (struct mountopt){ 0 };
}
