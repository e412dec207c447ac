/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/bundleconfig.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "base/err.h"
#include "base/path.h"
#include "spec/bundlepart.h"
#include "spec/names.h"

/* The version of the specification that a document says it is of: 1.x, by its rules of
 * compatibility. */
static int check_version(const cJSON *config)
{
	const char *version = NULL;

	TRY(json_get_string(config, "ociVersion", &version));
	if (version == NULL)
		return refuse("'ociVersion' is missing");
	if (strncmp(version, "1.", 2) != 0)
		return refuse("'ociVersion' is '%s', and berth knows the versions 1.x", version);
	return 0;
}

static int read_root(const cJSON *config, const char *dir, struct spec *spec)
{
	const cJSON *root = NULL;
	const char *path = NULL;

	TRY(json_get_object(config, "root", &root));
	if (root == NULL)
		return refuse("'root' is missing");
	TRY(json_get_string(root, "path", &path));
	if (path == NULL || *path == '\0')
		return refuse("'root.path' is missing");
	spec->root.kind = ROOT_DIRECTORY;
	spec->root.path = path_join(dir, path);
	spec->root.mapped = true;
	return fail_in(json_get_bool(root, "readonly", &spec->root.readonly), "root");
}

static int read_annotations(const cJSON *config, struct spec *spec)
{
	const cJSON *map = NULL, *item;
	const char *text;

	TRY(json_get_object(config, "annotations", &map));
	cJSON_ArrayForEach(item, map)
	{
		TRY(json_string(item, "annotations", &text));
		keyvalues_add(&spec->annotations, item->string, text);
	}
	return 0;
}

static int read_names(const cJSON *config, struct spec *spec)
{
	const char *host = NULL, *domain = NULL;

	TRY(json_get_string(config, "hostname", &host));
	TRY(json_get_string(config, "domainname", &domain));
	spec->hostname = xstrdup_null(host);
	spec->domainname = xstrdup_null(domain);
	return 0;
}

static int read_config(const cJSON *config, const char *dir, struct spec *spec)
{
	const cJSON *process = NULL, *linux_part = NULL;

	TRY(check_version(config));
	TRY(read_root(config, dir, spec));
	TRY(json_get_object(config, "process", &process));
	if (process != NULL)
		TRY(fail_in(bundle_part_process(process, spec), "process"));
	TRY(read_names(config, spec));
	TRY(bundle_part_mounts(config, dir, spec));
	TRY(json_get_object(config, "linux", &linux_part));
	if (linux_part == NULL)
		return refuse("'linux' is missing");
	TRY(fail_in(bundle_part_linux(linux_part, spec), "linux"));
	TRY(bundle_part_hooks(config, spec));
	return read_annotations(config, spec);
}

int bundleconfig_read(const char *bytes, size_t len, const char *dir, struct spec *ret_spec)
{
	autojson cJSON *config = NULL;
	AUTO(spec) spec;

	spec_init(&spec);
	spec.bundle = xstrdup(dir);
	TRY(json_parse(bytes, len, "config.json", &config));
	TRY(fail_in(read_config(config, dir, &spec), "config.json"));
	*ret_spec = spec;
	spec_init(&spec);
	return 0;
}

/* What a process of its own does not say is that of the container, but for who it is and where it
 * runs. */
static void inherit(struct spec_process *old, const cJSON *process, struct spec_process *to)
{
	if (cJSON_GetObjectItemCaseSensitive(process, "capabilities") == NULL)
		to->caps = old->caps;
	if (to->apparmor_profile == NULL)
		to->apparmor_profile = steal(old->apparmor_profile);
	if (to->selinux_label == NULL)
		to->selinux_label = steal(old->selinux_label);
	if (to->rlimits.n == 0) {
		to->rlimits.v = steal(old->rlimits.v);
		to->rlimits.n = old->rlimits.n;
	}
	if (!to->set_oom_score_adj) {
		to->set_oom_score_adj = old->set_oom_score_adj;
		to->oom_score_adj = old->oom_score_adj;
	}
}

int bundleconfig_read_process(const char *bytes, size_t len, struct spec *spec)
{
	autojson cJSON *process = NULL;
	AUTO(spec) old;
	int rc;

	TRY(json_parse(bytes, len, "process", &process));
	spec_init(&old);
	old.process = spec->process;
	spec->process = (struct spec_process){ .user.umask = 0022 };
	rc = bundle_part_process(process, spec);
	if (rc >= 0)
		inherit(&old.process, process, &spec->process);
	return fail_in(rc, "process");
}
