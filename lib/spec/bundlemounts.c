/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/path.h"
#include "spec/bundlepart.h"
#include "spec/names.h"

static void apply_options(const struct strvec *options, struct spec_mount *mount, bool *ret_bind)
{
	for (size_t i = 0; i < options->n; i++) {
		const char *option = options->v[i];

		*ret_bind |= strcmp(option, "bind") == 0 || strcmp(option, "rbind") == 0;
		if (!mount_option_apply(mount, option))
			strvec_push(&mount->data, option);
	}
}

static int read_mount(const cJSON *from, struct spec *spec)
{
	const char *destination = NULL, *type = NULL, *source = NULL;
	AUTO(strvec) options = STRVEC_INIT;
	struct spec_mount *mount;
	bool bind = false;

	TRY(json_get_string(from, "destination", &destination));
	TRY(json_get_string(from, "type", &type));
	TRY(json_get_string(from, "source", &source));
	TRY(json_get_strings(from, "options", &options));
	if (destination == NULL)
		return refuse("'destination' is missing");
	mount = spec_add_mount(spec, type != NULL ? type : "bind", source, destination);
	apply_options(&options, mount, &bind);
	if (bind)
		xreplace(&mount->type, "bind");
	return 0;
}

int bundle_part_mounts(const cJSON *config, struct spec *spec)
{
	const cJSON *array = NULL, *item;
	size_t i = 0;

	TRY(json_get_array(config, "mounts", &array));
	cJSON_ArrayForEach(item, array)
	{
		TRY(fail_in(read_mount(item, spec), "mounts[%zu]", i));
		i++;
	}
	return 0;
}
