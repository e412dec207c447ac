/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/config.h"

#include <string.h>

#include "base/bounds.h"
#include "base/err.h"
#include "spec/configpart.h"
#include "spec/names.h"

#define ANNOTATION "org.berth."

/* An annotation of ours; NULL where it is not there. */
static int get_annotation(const cJSON *map, const char *name, const char **ret_text)
{
	autofree char *key = xasprintf(ANNOTATION "%s", name);

	*ret_text = NULL;
	return map != NULL ? json_get_string(map, key, ret_text) : 0;
}

static int read_user(const cJSON *process, const cJSON *annotations, struct spec_user *user)
{
	int64_t uid = 0, gid = 0, umask = 0022;
	const cJSON *object = NULL;
	const char *text;

	TRY(json_get_object(process, "user", &object));
	if (object != NULL) {
		TRY(json_get_int(object, "uid", 0, MAX_ID, &uid));
		TRY(json_get_int(object, "gid", 0, MAX_ID, &gid));
		TRY(json_get_int(object, "umask", 0, 0777, &umask));
	}
	user->uid = (uid_t)uid;
	user->gid = (gid_t)gid;
	user->umask = (uint32_t)umask;
	TRY(get_annotation(annotations, "user", &text));
	user->text = xstrdup_null(text);
	TRY(get_annotation(annotations, "groups", &text));
	user->keep_groups = text != NULL;
	for (size_t i = 0;; i++) {
		autofree char *name = xasprintf("group.%zu", i);

		TRY(get_annotation(annotations, name, &text));
		if (text == NULL)
			return 0;
		strvec_push(&user->groups, text);
	}
}

static int read_process(const cJSON *config, const cJSON *annotations, struct spec_process *to)
{
	const char *cwd = "/", *apparmor = NULL, *selinux = NULL;
	const cJSON *process = NULL;
	int64_t score = 0;
	int rc;

	TRY(json_get_object(config, "process", &process));
	if (process == NULL)
		return refuse("'process' is missing");
	TRY(read_user(process, annotations, &to->user));
	TRY(config_part_caps(process, &to->caps, NULL));
	TRY(config_part_rlimits(process, to));
	TRY(json_get_strings(process, "env", &to->env));
	TRY(json_get_string(process, "cwd", &cwd));
	TRY(json_get_bool(process, "noNewPrivileges", &to->no_new_privileges));
	TRY(json_get_string(process, "apparmorProfile", &apparmor));
	TRY(json_get_string(process, "selinuxLabel", &selinux));
	rc = json_get_int(process, "oomScoreAdj", -1000, 1000, &score);
	TRY(rc);
	to->set_oom_score_adj = rc > 0;
	to->oom_score_adj = (int)score;
	to->cwd = xstrdup(cwd);
	to->apparmor_profile = xstrdup_null(apparmor);
	to->selinux_label = xstrdup_null(selinux);
	to->set_home = true;
	return 0;
}

static int read_seccomp(const cJSON *annotations, struct spec_seccomp *seccomp)
{
	static const char *const modes[] = { [SECCOMP_DEFAULT] = "default",
					     [SECCOMP_PROFILE] = "profile",
					     [SECCOMP_UNCONFINED] = "unconfined" };
	const char *text;

	TRY(get_annotation(annotations, "seccomp.owner", &text));
	seccomp->fake_owner = text != NULL;
	TRY(get_annotation(annotations, "seccomp.profile", &text));
	seccomp->profile_path = xstrdup_null(text);
	TRY(get_annotation(annotations, "seccomp", &text));
	for (size_t i = 0; text != NULL && i < ARRAY_SIZE(modes); i++)
		if (strcmp(text, modes[i]) == 0) {
			seccomp->mode = (enum seccomp_mode)i;
			return 0;
		}
	return refuse("'annotations." ANNOTATION "seccomp' does not name a mode");
}

static int read_config(const cJSON *config, struct spec *spec)
{
	const cJSON *object = NULL, *annotations = NULL;
	const char *text;

	TRY(json_get_object(config, "annotations", &annotations));
	TRY(read_process(config, annotations, &spec->process));
	TRY(read_seccomp(annotations, &spec->seccomp));
	TRY(get_annotation(annotations, "privileged", &text));
	spec->privileged = text != NULL;
	TRY(json_get_object(config, "linux", &object));
	if (object == NULL)
		return refuse("'linux' is missing");
	TRY(config_part_namespaces(object, spec));
	TRY(config_part_mappings(object, "uidMappings", &spec->idmaps.uid));
	return config_part_mappings(object, "gidMappings", &spec->idmaps.gid);
}

int config_read(const char *bytes, size_t len, struct spec *ret_spec)
{
	autojson cJSON *config = NULL;
	AUTO(spec) spec;

	spec_init(&spec);
	TRY(json_parse(bytes, len, "config.json", &config));
	TRY(fail_in(read_config(config, &spec), "config.json"));
	*ret_spec = spec;
	spec_init(&spec);
	return 0;
}
