/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/json.h"
#include "base/path.h"
#include "base/units.h"
#include "spec/bundlepart.h"
#include "spec/configpart.h"

static int read_groups(const cJSON *user, struct spec_user *to)
{
	const cJSON *array = NULL, *item;
	size_t i = 0;

	TRY(json_get_array(user, "additionalGids", &array));
	cJSON_ArrayForEach(item, array)
	{
		uint64_t gid;

		if (!cJSON_IsNumber(item) || item->valuestring == NULL ||
		    units_parse_u64(item->valuestring, MAX_ID, &gid) < 0)
			return refuse("'additionalGids[%zu]' is no group id", i);
		strvec_push(&to->groups, item->valuestring);
		i++;
	}
	return 0;
}

static int read_user(const cJSON *process, struct spec_user *to)
{
	int64_t uid = 0, gid = 0, umask = UMASK_CALLER;
	const cJSON *user = NULL;

	TRY(json_get_object(process, "user", &user));
	if (user != NULL) {
		TRY(json_get_int(user, "uid", 0, MAX_ID, &uid));
		TRY(json_get_int(user, "gid", 0, MAX_ID, &gid));
		TRY(json_get_int(user, "umask", 0, 0777, &umask));
		TRY(read_groups(user, to));
	}
	to->uid = (uid_t)uid;
	to->gid = (gid_t)gid;
	to->umask = (uint32_t)umask;
	to->groups_given = true;
	return 0;
}

/* An engine may know capabilities that this kernel, or berth, does not: the specification has it
 * warned of and passed over. */
static int read_caps(const cJSON *process, struct spec *spec)
{
	AUTO(strvec) unknown = STRVEC_INIT;
	const cJSON *caps = NULL;

	TRY(json_get_object(process, "capabilities", &caps));
	if (caps == NULL)
		return 0;
	TRY(config_part_caps(process, &spec->process.caps, &unknown));
	for (size_t i = 0; i < unknown.n; i++)
		strvec_pushf(&spec->warnings,
			     "process.capabilities: '%s' is not a capability and is passed over",
			     unknown.v[i]);
	return 0;
}

/* An empty label is none. */
static int get_label(const cJSON *process, const char *key, char **slot)
{
	const char *label = NULL;

	TRY(json_get_string(process, key, &label));
	if (label != NULL && *label != '\0')
		xreplace(slot, label);
	return 0;
}

static int read_rights(const cJSON *process, struct spec *spec)
{
	struct spec_process *to = &spec->process;

	TRY(read_caps(process, spec));
	TRY(json_get_bool(process, "noNewPrivileges", &to->no_new_privileges));
	TRY(get_label(process, "apparmorProfile", &to->apparmor_profile));
	return get_label(process, "selinuxLabel", &to->selinux_label);
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

/* Of a name that is there twice the last one counts: which one a program takes is its own affair.
 */
static int read_env(const cJSON *process, struct strvec *to)
{
	AUTO(strvec) entries = STRVEC_INIT;

	TRY(json_get_strings(process, "env", &entries));
	if (entries.n > MAX_ENV)
		return refuse_with(E2BIG, "'env' has more than %d entries", MAX_ENV);
	for (size_t i = 0; i < entries.n; i++) {
		const char *equals = strchr(entries.v[i], '=');

		if (equals == NULL || equals == entries.v[i])
			return refuse("'env[%zu]' is '%s', which is not NAME=VALUE", i,
				      entries.v[i]);
		env_put(to, entries.v[i]);
	}
	return 0;
}

static int read_cwd(const cJSON *process, struct spec_process *to)
{
	const char *cwd = NULL;

	TRY(json_get_string(process, "cwd", &cwd));
	if (cwd == NULL)
		return refuse("'cwd' is missing");
	if (cwd[0] != '/')
		return refuse("'cwd' is '%s', which is no absolute path", cwd);
	to->cwd = xstrdup(cwd);
	return 0;
}

int bundle_part_process(const cJSON *process, struct spec *spec)
{
	struct spec_process *to = &spec->process;

	if (!cJSON_IsObject(process))
		return refuse("it is no object");
	/* May be missing: the specification has them only at the start. */
	TRY(json_get_strings(process, "args", &to->args));
	TRY(read_env(process, &to->env));
	TRY(read_cwd(process, to));
	TRY(json_get_bool(process, "terminal", &to->terminal));
	TRY(fail_in(read_user(process, &to->user), "user"));
	TRY(read_rights(process, spec));
	TRY(config_part_rlimits(process, to));
	TRY(bundle_part_scheduling(process, to));
	to->set_home = true;
	to->new_keyring = true;
	return read_score(process, to);
}
