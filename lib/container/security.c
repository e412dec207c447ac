/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/security.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/path.h"
#include "box/caps.h"
#include "box/seccomp.h"
#include "box/sysctl.h"
#include "spec/names.h"

/* A list of names, each of which may hold several with commas; *ret_all for ALL. */
static int parse_caps(const char *option, const struct strvec *texts, uint64_t *ret_set,
		      bool *ret_all)
{
	for (size_t i = 0; i < texts->n; i++) {
		AUTO(strvec) names = STRVEC_INIT;

		strvec_split(&names, texts->v[i], ',');
		for (size_t j = 0; j < names.n; j++) {
			int cap;

			if (strcasecmp(names.v[j], "all") == 0) {
				*ret_all = true;
				continue;
			}
			TRY(fail_in(cap_number(names.v[j], &cap), "%s", option));
			*ret_set |= UINT64_C(1) << cap;
		}
	}
	return 0;
}

/* Root keeps its capabilities over an execve by itself. */
static bool is_root(const char *user)
{
	size_t len = user != NULL ? strcspn(user, ":") : 0;

	return len == 0 || (len == 1 && *user == '0') ||
	       (len == 4 && strncmp(user, "root", len) == 0);
}

/*
 * As docker has it: the default set, or all with --cap-add ALL, or none with --cap-drop ALL; then
 * the named ones. Those that were named stay with a user other than root as well, as ambient ones.
 */
static int make_caps(const struct request *request, struct spec *spec)
{
	uint64_t add = 0, drop = 0, set = spec->process.caps.bounding;
	bool add_all = false, drop_all = false;
	struct spec_caps *caps = &spec->process.caps;

	TRY(parse_caps("--cap-add", &request->cap_add, &add, &add_all));
	TRY(parse_caps("--cap-drop", &request->cap_drop, &drop, &drop_all));
	if ((add & drop) != 0 || (add_all && drop_all))
		return refuse("a capability is in --cap-add and in --cap-drop");
	/* A new user namespace has them all to give. */
	if (add != 0 && spec->ns[NS_USER].mode == NS_HOST)
		TRY(fail_in(caps_check(add), "--cap-add"));
	if (add_all)
		set = CAP_ALL_MASK;
	if (drop_all)
		set = 0;
	set = (set & ~drop) | add;
	caps->bounding = caps->permitted = caps->effective = set;
	caps->ambient = is_root(spec->process.user.text) ? 0 : add;
	return 0;
}

static int parse_flag(const char *option, const char *value, bool *ret_flag)
{
	if (*value == '\0' || strcmp(value, "true") == 0)
		*ret_flag = true;
	else if (strcmp(value, "false") == 0)
		*ret_flag = false;
	else
		return refuse("'%s' takes true or false, not '%s'", option, value);
	return 0;
}

static int opt_no_new_privileges(const char *value, struct spec *spec)
{
	return parse_flag("no-new-privileges", value, &spec->process.no_new_privileges);
}

static int opt_seccomp(const char *value, struct spec *spec)
{
	if (strcmp(value, "unconfined") == 0) {
		spec->seccomp.mode = SECCOMP_UNCONFINED;
		return 0;
	}
	if (strcmp(value, "builtin") == 0) {
		spec->seccomp.mode = SECCOMP_DEFAULT;
		return 0;
	}
	spec->seccomp.mode = SECCOMP_PROFILE;
	xreplace(&spec->seccomp.profile_path, value);
	return 0;
}

/* Paths of the kernel's file systems, "/proc/a:/sys/b". */
static int split_paths(const char *value, struct strvec *ret_paths)
{
	AUTO(strvec) parts = STRVEC_INIT;

	strvec_split(&parts, value, ':');
	for (size_t i = 0; i < parts.n; i++) {
		if (parts.v[i][0] != '/')
			return refuse("'%s' is not an absolute path", parts.v[i]);
		strvec_push_owned(ret_paths, path_clean(parts.v[i]));
	}
	return 0;
}

static int opt_mask(const char *value, struct spec *spec)
{
	return split_paths(value, &spec->masked_paths);
}

static void remove_matching(struct strvec *paths, const char *pattern)
{
	for (size_t i = paths->n; i-- > 0;)
		if (fnmatch(pattern, paths->v[i], FNM_PATHNAME) == 0)
			strvec_remove(paths, i);
}

static int opt_unmask(const char *value, struct spec *spec)
{
	AUTO(strvec) paths = STRVEC_INIT;

	if (strcasecmp(value, "all") == 0) {
		strvec_release(&spec->masked_paths);
		strvec_release(&spec->readonly_paths);
		return 0;
	}
	TRY(split_paths(value, &paths));
	for (size_t i = 0; i < paths.n; i++) {
		remove_matching(&spec->masked_paths, paths.v[i]);
		remove_matching(&spec->readonly_paths, paths.v[i]);
	}
	return 0;
}

static int opt_systempaths(const char *value, struct spec *spec)
{
	if (strcmp(value, "unconfined") != 0)
		return refuse("'systempaths' knows 'unconfined' only");
	return opt_unmask("ALL", spec);
}

/* The parts of an SELinux context that the user may replace, in their order. */
static const char *const label_parts[] = { "user", "role", "type", "level" };

static int opt_label(const char *value, struct spec *spec)
{
	const char *colon = strchr(value, ':');
	AUTO(strvec) parts = STRVEC_INIT;
	AUTO(buf) label = BUF_INIT;

	if (strcmp(value, "disable") == 0)
		return 0;
	if (fs_exists(AT_FDCWD, "/sys/fs/selinux/enforce") <= 0) {
		refuse("SELinux is not enabled on this host");
		hint("leave 'label=%s' out, or give 'label=disable', which works everywhere",
		     value);
		return -EINVAL;
	}
	strvec_split(&parts,
		     spec->process.selinux_label != NULL ? spec->process.selinux_label
							 : "system_u:system_r:container_t:s0",
		     ':');
	for (size_t i = 0; colon != NULL && i < ARRAY_SIZE(label_parts); i++) {
		if (strncmp(value, label_parts[i], (size_t)(colon - value)) != 0 ||
		    label_parts[i][colon - value] != '\0')
			continue;
		for (size_t j = 0; j < ARRAY_SIZE(label_parts) && j < parts.n; j++)
			buf_addf(&label, "%s%s", j != 0 ? ":" : "",
				 j == i ? colon + 1 : parts.v[j]);
		xreplace(&spec->process.selinux_label, label.data);
		return 0;
	}
	return refuse("'label=%s': disable, user:, role:, type: or level:", value);
}

static int opt_apparmor(const char *value, struct spec *spec)
{
	if (strcmp(value, "unconfined") == 0) {
		xreplace(&spec->process.apparmor_profile, NULL);
		return 0;
	}
	if (fs_exists(AT_FDCWD, "/sys/kernel/security/apparmor") <= 0 &&
	    fs_exists(AT_FDCWD, "/proc/self/attr/apparmor") <= 0)
		return refuse("AppArmor is not enabled on this host: there is no profile '%s'",
			      value);
	xreplace(&spec->process.apparmor_profile, value);
	return 0;
}

static const struct {
	const char *name;
	bool needs_value;
	int (*apply)(const char *value, struct spec *spec);
} security_options[] = {
	{ "no-new-privileges", false, opt_no_new_privileges },
	{ "seccomp", true, opt_seccomp },
	{ "mask", true, opt_mask },
	{ "unmask", true, opt_unmask },
	{ "systempaths", true, opt_systempaths },
	{ "label", true, opt_label },
	{ "apparmor", true, opt_apparmor },
};

/* "name=value"; docker once wrote "name:value". */
static int make_option(const char *text, struct spec *spec)
{
	size_t len = strcspn(text, "=:");
	const char *value = text[len] != '\0' ? text + len + 1 : "";

	for (size_t i = 0; i < ARRAY_SIZE(security_options); i++) {
		if (strlen(security_options[i].name) != len ||
		    strncmp(text, security_options[i].name, len) != 0)
			continue;
		if (security_options[i].needs_value && *value == '\0')
			return refuse("'%s' needs a value", security_options[i].name);
		return security_options[i].apply(value, spec);
	}
	refuse("there is no security option '%s'", text);
	hint("no-new-privileges, seccomp=, mask=, unmask=, label=, apparmor=, systempaths=");
	return -EINVAL;
}

/* NAME=VALUE; whether the name is one of a namespace is box/sysctl's to say. */
static int make_sysctls(const struct request *request, struct spec *spec)
{
	for (size_t i = 0; i < request->sysctl.n; i++) {
		const char *text = request->sysctl.v[i], *equals = strchr(text, '=');
		autofree char *name =
			equals != NULL ? xstrndup(text, (size_t)(equals - text)) : NULL;

		if (name == NULL)
			return refuse("--sysctl '%s': NAME=VALUE", text);
		if (strpbrk(equals, "\n\r") != NULL)
			return refuse("--sysctl '%s': the value is one line", name);
		keyvalues_add(&spec->sysctl, name, equals + 1);
	}
	return fail_in(sysctl_check(spec), "--sysctl");
}

int security_make(const struct host *host, const struct request *request, struct spec *spec)
{
	TRY(make_caps(request, spec));
	for (size_t i = 0; i < request->security_opt.n; i++)
		TRY(fail_in(make_option(request->security_opt.v[i], spec), "--security-opt '%s'",
			    request->security_opt.v[i]));
	return make_sysctls(request, spec);
}

int security_compile_filter(const struct host *host, struct spec *spec)
{
	autofree char *cache = NULL;

	if (spec->seccomp.mode != SECCOMP_PROFILE)
		return 0;
	cache = xasprintf("%s/seccomp", host->root);
	return fail_in(seccomp_compile(spec->seccomp.profile_path, cache, spec),
		       "--security-opt seccomp=%s", spec->seccomp.profile_path);
}
