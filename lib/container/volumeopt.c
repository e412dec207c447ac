/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/volumeopt.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/err.h"
#include "container/mountopt.h"
#include "spec/names.h"

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

/* They show the kernel, or have what they show from somewhere else. */
static bool is_kernels(const char *type)
{
	static const char *const types[] = {
		"proc",     "sysfs",     "cgroup",  "cgroup2",  "devpts",  "devtmpfs",
		"mqueue",   "overlay",   "debugfs", "tracefs",  "bpf",     "securityfs",
		"configfs", "selinuxfs", "pstore",  "efivarfs", "fusectl", "binfmt_misc",
		"ramfs",    "hugetlbfs", "autofs",  "nfsd",     "nsfs",    "rpc_pipefs",
	};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (strcmp(type, types[i]) == 0)
			return true;
	return false;
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

/* The kernel's own client of the protocol looks no name up. */
static int check_server(const char *type, const struct strvec *words)
{
	const char *address = env_get(words, "addr");
	unsigned char bytes[sizeof(struct in6_addr)];

	if (strncmp(type, "nfs", 3) != 0 ||
	    (address != NULL &&
	     (inet_pton(AF_INET, address, bytes) == 1 || inet_pton(AF_INET6, address, bytes) == 1)))
		return 0;
	refuse("type=%s: the address of the server is missing", type);
	hint("give it as numbers: -o o=addr=192.0.2.1 -o device=:/PATH");
	return -EINVAL;
}

static int read_device(const struct strvec *options, const char *type, struct spec_mount *mount)
{
	const char *device = env_get(options, "device"), *o = env_get(options, "o");
	AUTO(strvec) words = STRVEC_INIT;

	if (is_kernels(type)) {
		refuse("type=%s: that is no file system of a device or a server", type);
		hint("give type=tmpfs, or type=none with device=DIR and o=bind");
		return -EINVAL;
	}
	if (is_empty(device))
		return refuse("type=%s: device= says what is mounted", type);
	if (o != NULL)
		strvec_split(&words, o, ',');
	TRY(check_server(type, &words));
	for (size_t i = 0; i < words.n; i++) {
		/* Of the mount, and of the file system: a device that cannot be written to. */
		bool readonly = strcmp(words.v[i], "ro") == 0;

		if (*words.v[i] != '\0' && (!mount_option_apply(mount, words.v[i]) || readonly))
			strvec_push(&mount->data, words.v[i]);
	}
	mount->type = xstrdup(type);
	mount->source = xstrdup(device);
	mount->outside = true;
	return 0;
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
	TRY(read_device(options, type, &ret_opt->mount));
	return 1;
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
	mount->attr_set = (mount->attr_set & ~opt.mount.attr_clear) | opt.mount.attr_set;
	mount->recursive = opt.mount.recursive;
	mount->attr_recursive = opt.mount.attr_recursive;
	mount->outside = opt.mount.outside;
	if (strcmp(mount->type, "tmpfs") != 0)
		mount->tmpcopyup = false;
	return 1;
}
