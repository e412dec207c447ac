/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <linux/seccomp.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "spec/bundlepart.h"
#include "spec/syscallnames.h"

/*
 * What the rules come to is for libseccomp to find out (box/sysprofile.h), and only where the
 * filter is not known already: here is what has to be known each time, and what it does not ask.
 */

/* "not even the empty set": then it is for the runtime to choose. */
static int read_flags(const cJSON *part, struct spec_seccomp *seccomp)
{
	AUTO(strvec) names = STRVEC_INIT;
	int has = json_get_strings(part, "flags", &names);

	TRY(has);
	seccomp->has_flags = has > 0;
	for (size_t i = 0; i < names.n; i++) {
		const struct syscall_flag *row = syscall_flag_find(names.v[i]);

		if (row == NULL)
			return refuse("flags[%zu]: '%s' is not a flag of a filter", i, names.v[i]);
		seccomp->flags |= row->flag;
	}
	return 0;
}

/* A number that the action has no room for is an error by the specification. */
static int check_action(const cJSON *object, const char *key, const char *errno_key,
			uint32_t *ret_action)
{
	const cJSON *number = cJSON_GetObjectItemCaseSensitive(object, errno_key);
	const struct syscall_action *action;
	const char *name = NULL;

	TRY(json_get_string(object, key, &name));
	if (name == NULL)
		return refuse("'%s' is missing", key);
	action = syscall_action_find(name);
	if (action == NULL)
		return refuse("'%s': '%s' is not an action", key, name);
	if (number != NULL && !cJSON_IsNull(number) && !action->has_data)
		return refuse("'%s': '%s' takes no number", errno_key, name);
	*ret_action = action->action;
	return 0;
}

static int check_rules(const cJSON *part, bool *ret_notifies)
{
	const cJSON *rules = NULL, *rule;
	uint32_t action;
	size_t i = 0;

	*ret_notifies = false;
	TRY(json_get_array(part, "syscalls", &rules));
	cJSON_ArrayForEach(rule, rules)
	{
		TRY(fail_in(check_action(rule, "action", "errnoRet", &action), "syscalls[%zu]", i));
		*ret_notifies |= action == SECCOMP_RET_USER_NOTIF;
		i++;
	}
	return 0;
}

static int read_listener(const cJSON *part, bool notifies, struct spec_seccomp *seccomp)
{
	const char *path = NULL, *metadata = NULL;

	TRY(json_get_string(part, "listenerPath", &path));
	TRY(json_get_string(part, "listenerMetadata", &metadata));
	if (path != NULL && *path == '\0')
		path = NULL;
	if (path != NULL && path[0] != '/')
		return refuse("'listenerPath': '%s' is not an absolute path", path);
	if (path == NULL && metadata != NULL && *metadata != '\0')
		return refuse("'listenerMetadata' is for a listener, and 'listenerPath' is not "
			      "there");
	if (path == NULL && notifies)
		return refuse("'SCMP_ACT_NOTIFY' needs a 'listenerPath'");
	seccomp->listener_path = xstrdup_null(path);
	seccomp->listener_metadata = xstrdup_null(metadata);
	return 0;
}

/* What the filter depends on, and nothing of the container: many have the same. */
static char *profile_text(const cJSON *part)
{
	static const char *const own[] = { "flags", "listenerPath", "listenerMetadata" };
	AUTO(buf) text = BUF_INIT;
	const cJSON *item;

	cJSON_ArrayForEach(item, part)
	{
		bool skip = false;

		for (size_t i = 0; i < ARRAY_SIZE(own); i++)
			skip |= strcmp(item->string, own[i]) == 0;
		if (skip)
			continue;
		buf_add_char(&text, text.len == 0 ? '{' : ',');
		json_print_string(&text, item->string);
		buf_add_char(&text, ':');
		json_print(item, false, &text);
	}
	buf_add_char(&text, '}');
	return buf_steal(&text);
}

int bundle_part_seccomp(const cJSON *seccomp, struct spec *spec)
{
	struct spec_seccomp *to = &spec->seccomp;
	uint32_t fallback;
	bool notifies;

	TRY(read_flags(seccomp, to));
	TRY(check_action(seccomp, "defaultAction", "defaultErrnoRet", &fallback));
	if (fallback == SECCOMP_RET_USER_NOTIF)
		return refuse("'defaultAction': 'SCMP_ACT_NOTIFY' is for single calls");
	TRY(check_rules(seccomp, &notifies));
	TRY(read_listener(seccomp, notifies, to));
	to->profile = profile_text(seccomp);
	to->mode = SECCOMP_PROFILE;
	return 0;
}
