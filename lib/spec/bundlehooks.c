/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>

#include "base/err.h"
#include "base/json.h"
#include "spec/bundlepart.h"

static int read_hook(const cJSON *from, struct spec_hook *hook)
{
	const char *path = NULL;

	TRY(json_get_string(from, "path", &path));
	if (path == NULL || path[0] != '/')
		return refuse("'path' is not an absolute path");
	hook->path = xstrdup(path);
	TRY(json_get_strings(from, "args", &hook->args));
	TRY(json_get_strings(from, "env", &hook->env));
	return json_get_int(from, "timeout", 1, INT32_MAX, &hook->timeout);
}

static int read_kind(const cJSON *hooks, enum hook_kind kind, struct spec *spec)
{
	const cJSON *array = NULL, *item;
	size_t i = 0;

	TRY(json_get_array(hooks, hook_name(kind), &array));
	cJSON_ArrayForEach(item, array)
	{
		TRY(fail_in(read_hook(item, VEC_PUSH(&spec->hooks.of[kind])), "hooks.%s[%zu]",
			    hook_name(kind), i));
		i++;
	}
	return 0;
}

int bundle_part_hooks(const cJSON *config, struct spec *spec)
{
	const cJSON *hooks = NULL;

	TRY(json_get_object(config, "hooks", &hooks));
	for (int kind = 0; hooks != NULL && kind < HOOK_MAX; kind++)
		TRY(read_kind(hooks, (enum hook_kind)kind, spec));
	return 0;
}
