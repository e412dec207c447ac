/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/inspect.h"

#include <string.h>

#include "base/err.h"
#include "base/units.h"

static void add_map(cJSON *json, const char *key, const struct strvec *list)
{
	cJSON *map = json_add_object(json, key);

	for (size_t i = 0; i < list->n; i++) {
		size_t len = strcspn(list->v[i], "=");
		autofree char *name = xstrndup(list->v[i], len);

		json_add_string(map, name, list->v[i][len] == '=' ? list->v[i] + len + 1 : "");
	}
}

static void describe(const struct volume *volume, size_t users, cJSON *json)
{
	AUTO(buf) created = BUF_INIT;

	units_print_time(&created, volume->created, volume->created_nsec);
	json_add_string(json, "Name", volume->name);
	json_add_string(json, "Driver", "local");
	json_add_string(json, "Mountpoint", volume->path);
	json_add_string(json, "CreatedAt", created.data);
	add_map(json, "Labels", &volume->labels);
	add_map(json, "Options", &volume->options);
	json_add_string(json, "Scope", "local");
	json_add_bool(json, "Anonymous", volume->anonymous);
	json_add_int(json, "MountCount", (int64_t)users);
}

int inspect_volume(const struct host *host, const char *name, cJSON **ret_json)
{
	AUTO(volume) volume = VOLUME_INIT;
	AUTO(volume_uses) uses = { 0 };
	AUTO(store) store = STORE_INIT;
	autojson cJSON *json = json_object();

	TRY(store_open(host, &store));
	TRY(volume_open(&store, name, false, &volume));
	TRY(volumeuse_list(host, &uses));
	describe(&volume, volumeuse_count(&uses, name), json);
	*ret_json = steal(json);
	return 0;
}
