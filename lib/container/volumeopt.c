/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/volumeopt.h"

#include <string.h>

#include "base/err.h"
#include "container/mountopt.h"

static bool is_empty(const char *text)
{
	return text == NULL || *text == '\0';
}

static bool has_word(const char *list, const char *word)
{
	AUTO(strvec) words = STRVEC_INIT;

	if (list != NULL)
		strvec_split(&words, list, ',');
	return strvec_has(&words, word);
}

static int check_keys(const struct strvec *options)
{
	static const char *const keys[] = { "type", "device", "o" };

	for (size_t i = 0; i < options->n; i++) {
		size_t len = strcspn(options->v[i], "=");
		bool known = false;

		for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
			known |=
				strlen(keys[k]) == len && strncmp(keys[k], options->v[i], len) == 0;
		if (!known || options->v[i][len] != '=') {
			refuse("'%s' is not an option of a volume", options->v[i]);
			hint("there are type=, device= and o=");
			return -EINVAL;
		}
	}
	return 0;
}

static int read_tmpfs(const struct strvec *options, struct mountopt *ret_opt)
{
	const char *o = env_get(options, "o");
	autofree char *text = xasprintf("/volume:%s", o != NULL ? o : "");

	return mountopt_parse_tmpfs(text, ret_opt);
}

static int read_bind(const struct strvec *options, struct mountopt *ret_opt)
{
	const char *device = env_get(options, "device"), *o = env_get(options, "o");
	autofree char *text = NULL;

	if (is_empty(device) || device[0] != '/')
		return refuse("device=%s: an absolute path is wanted for o=bind",
			      device != NULL ? device : "");
	if (strchr(device, ':') != NULL)
		return refuse("device=%s: there is a colon in it", device);
	text = xasprintf("%s:/volume:%s", device, o);
	return mountopt_parse_volume(text, ret_opt);
}

/* 1: there is something to mount. */
static int interpret(const struct strvec *options, struct mountopt *ret_opt)
{
	const char *type = env_get(options, "type"), *o = env_get(options, "o");

	TRY(check_keys(options));
	if (!is_empty(type) && strcmp(type, "tmpfs") == 0) {
		TRY(read_tmpfs(options, ret_opt));
		return 1;
	}
	if (is_empty(type) || strcmp(type, "none") == 0 || strcmp(type, "bind") == 0) {
		if (has_word(o, "bind") || has_word(o, "rbind")) {
			TRY(read_bind(options, ret_opt));
			return 1;
		}
		if (is_empty(type) && is_empty(o) && is_empty(env_get(options, "device")))
			return 0;
		refuse("these options of a volume say nothing that can be mounted");
		hint("give type=tmpfs, or type=none with device=DIR and o=bind");
		return -EINVAL;
	}
	refuse("volumes of type '%s' are not mounted by berth", type);
	hint("mount it on the host, and give -o type=none -o o=bind -o device=DIR");
	return -EINVAL;
}

int volumeopt_check(const struct strvec *options)
{
	AUTO(mountopt) opt = { 0 };

	return fail_in(interpret(options, &opt), "options of the volume");
}

int volumeopt_apply(const struct strvec *options, struct spec_mount *mount)
{
	AUTO(mountopt) opt = { 0 };
	int there = fail_in(interpret(options, &opt), "options of the volume");

	if (there <= 0)
		return there;
	xreplace(&mount->type, opt.mount.type);
	xreplace(&mount->source, opt.mount.source);
	strvec_push_all(&mount->data, &opt.mount.data);
	mount->attr_set |= opt.mount.attr_set;
	mount->recursive = opt.mount.recursive;
	mount->attr_recursive = opt.mount.attr_recursive;
	if (strcmp(mount->type, "bind") == 0)
		mount->tmpcopyup = false;
	return 1;
}
