/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/mount.h>

#include "base/err.h"
#include "base/json.h"
#include "spec/bundlepart.h"
#include "spec/configpart.h"

static const struct {
	const char *name;
	unsigned long flags;
} propagations[] = {
	{ "shared", MS_SHARED },         { "rshared", MS_SHARED | MS_REC },
	{ "slave", MS_SLAVE },           { "rslave", MS_SLAVE | MS_REC },
	{ "private", MS_PRIVATE },       { "rprivate", MS_PRIVATE | MS_REC },
	{ "unbindable", MS_UNBINDABLE }, { "runbindable", MS_UNBINDABLE | MS_REC },
};

static int read_propagation(const cJSON *linux_part, struct spec_root *root)
{
	const char *word = NULL;

	TRY(json_get_string(linux_part, "rootfsPropagation", &word));
	if (word == NULL || *word == '\0')
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(propagations); i++)
		if (strcmp(word, propagations[i].name) == 0) {
			root->propagation = propagations[i].flags;
			return 0;
		}
	return refuse("'rootfsPropagation': '%s' is no kind of propagation", word);
}

int bundle_part_linux(const cJSON *linux_part, struct spec *spec)
{
	const cJSON *resources = NULL, *seccomp = NULL;

	TRY(bundle_part_namespaces(linux_part, spec));
	TRY(bundle_part_execution(linux_part, spec));
	TRY(bundle_part_devices(linux_part, spec));
	TRY(config_get_copy(linux_part, "cgroupsPath", &spec->cgroup.path));
	spec->cgroup.resources.exact = true;
	TRY(json_get_object(linux_part, "resources", &resources));
	if (resources != NULL)
		TRY(fail_in(bundle_part_resources(resources, spec), "resources"));
	TRY(bundle_part_rdt(linux_part, spec));
	TRY(read_propagation(linux_part, &spec->root));
	TRY(json_get_object(linux_part, "seccomp", &seccomp));
	spec->seccomp.mode = SECCOMP_UNCONFINED;
	if (seccomp != NULL)
		TRY(fail_in(bundle_part_seccomp(seccomp, spec), "seccomp"));
	TRY(config_part_keyvalues(linux_part, "sysctl", &spec->sysctl));
	return bundle_part_paths(linux_part, spec);
}
