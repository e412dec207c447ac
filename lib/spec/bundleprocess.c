/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/json.h"
#include "spec/bundlepart.h"
#include "spec/configpart.h"

static int read_groups(const cJSON *user, struct spec_user *to)
{
	const cJSON *array = NULL, *item;

	TRY(json_get_array(user, "additionalGids", &array));
	cJSON_ArrayForEach(item, array)
	{
		if (!cJSON_IsNumber(item))
			return refuse("'user.additionalGids' has something that is no number");
		strvec_push(&to->groups, item->valuestring);
	}
	return 0;
}

static int read_user(const cJSON *process, struct spec_user *to)
{
	int64_t uid = 0, gid = 0, umask = 0022;
	const cJSON *user = NULL;

	TRY(json_get_object(process, "user", &user));
	if (user == NULL)
		return 0;
	TRY(json_get_int(user, "uid", 0, MAX_ID, &uid));
	TRY(json_get_int(user, "gid", 0, MAX_ID, &gid));
	TRY(json_get_int(user, "umask", 0, 0777, &umask));
	to->uid = (uid_t)uid;
	to->gid = (gid_t)gid;
	to->umask = (uint32_t)umask;
	return read_groups(user, to);
}

static int read_rights(const cJSON *process, struct spec_process *to)
{
	const cJSON *caps = NULL;

	TRY(json_get_object(process, "capabilities", &caps));
	if (caps != NULL)
		TRY(config_part_caps(process, &to->caps));
	TRY(json_get_bool(process, "noNewPrivileges", &to->no_new_privileges));
	TRY(config_get_copy(process, "apparmorProfile", &to->apparmor_profile));
	return config_get_copy(process, "selinuxLabel", &to->selinux_label);
}

static int read_score(const cJSON *process, struct spec_process *to)
{
	int64_t score = 0;
	int rc = json_get_int(process, "oomScoreAdj", -1000, 1000, &score);

	TRY(rc);
	to->set_oom_score_adj = rc > 0;
	to->oom_score_adj = (int)score;
	return 0;
}

int bundle_part_process(const cJSON *process, struct spec *spec)
{
	struct spec_process *to = &spec->process;
	const char *cwd = NULL;

	TRY(json_get_strings(process, "args", &to->args));
	TRY(json_get_strings(process, "env", &to->env));
	TRY(json_get_string(process, "cwd", &cwd));
	if (cwd == NULL || cwd[0] != '/')
		return refuse("'cwd' is not an absolute path");
	to->cwd = xstrdup(cwd);
	TRY(json_get_bool(process, "terminal", &to->terminal));
	TRY(read_user(process, &to->user));
	TRY(read_rights(process, to));
	TRY(config_part_rlimits(process, to));
	to->set_home = true;
	return read_score(process, to);
}
