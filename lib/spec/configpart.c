/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/configpart.h"

#include <stdio.h>
#include <string.h>

#include "base/bounds.h"
#include "base/err.h"
#include "spec/names.h"

static int read_set(const cJSON *caps, const char *key, struct strvec *unknown, uint64_t *ret_set)
{
	AUTO(strvec) names = STRVEC_INIT;
	uint64_t set = 0;

	TRY(json_get_strings(caps, key, &names));
	for (size_t i = 0; i < names.n; i++) {
		int cap, rc = cap_number(names.v[i], &cap);

		if (rc >= 0)
			set |= UINT64_C(1) << cap;
		else if (unknown == NULL)
			return rc;
		else if (!strvec_has(unknown, names.v[i]))
			strvec_push(unknown, names.v[i]);
	}
	*ret_set = set;
	return 0;
}

int config_part_caps(const cJSON *process, struct spec_caps *caps, struct strvec *unknown)
{
	const cJSON *object = NULL;

	TRY(json_get_object(process, "capabilities", &object));
	if (object == NULL)
		return refuse("'process.capabilities' is missing");
	TRY(read_set(object, "bounding", unknown, &caps->bounding));
	TRY(read_set(object, "effective", unknown, &caps->effective));
	TRY(read_set(object, "permitted", unknown, &caps->permitted));
	TRY(read_set(object, "inheritable", unknown, &caps->inheritable));
	return read_set(object, "ambient", unknown, &caps->ambient);
}

static bool has_rlimit(const struct spec_process *process, int resource)
{
	for (size_t i = 0; i < process->rlimits.n; i++)
		if (process->rlimits.v[i].resource == resource)
			return true;
	return false;
}

static int get_limit(const cJSON *item, const char *type, const char *key, uint64_t *ret_limit)
{
	int rc = json_get_u64(item, key, UINT64_MAX, ret_limit);

	return rc != 0 ? rc : refuse("'%s' of '%s' is missing", key, type);
}

static int read_rlimit(const cJSON *item, struct spec_process *to)
{
	struct spec_rlimit limit = { 0 };
	const char *type = NULL;
	uint64_t soft = 0, hard = 0;

	TRY(json_get_string(item, "type", &type));
	if (type == NULL)
		return refuse("'type' is missing");
	TRY(fail_in(rlimit_number(type, &limit.resource), "type"));
	if (has_rlimit(to, limit.resource))
		return refuse("'%s' is there twice", type);
	TRY(get_limit(item, type, "soft", &soft));
	TRY(get_limit(item, type, "hard", &hard));
	if (soft > hard)
		return refuse("the soft limit of '%s' is above the hard one", type);
	limit.soft = soft;
	limit.hard = hard;
	*VEC_PUSH(&to->rlimits) = limit;
	return 0;
}

int config_part_rlimits(const cJSON *process, struct spec_process *to)
{
	const cJSON *array = NULL, *item;
	size_t i = 0;

	TRY(json_get_array(process, "rlimits", &array));
	cJSON_ArrayForEach(item, array) TRY(fail_in(read_rlimit(item, to), "rlimits[%zu]", i++));
	return 0;
}

static int find_namespace(const char *type)
{
	for (int kind = 0; kind < NS_MAX; kind++)
		if (strcmp(ns_table[kind].type, type) == 0)
			return kind;
	return refuse("'type': '%s' is no type of one", type);
}

/* An empty path is none: engines write it so. */
static int read_namespace(const cJSON *item, struct spec *spec)
{
	const char *type = NULL, *path = NULL;
	int kind;

	TRY(json_get_string(item, "type", &type));
	TRY(json_get_string(item, "path", &path));
	if (type == NULL)
		return refuse("'type' is missing");
	kind = find_namespace(type);
	TRY(kind);
	if (spec->ns[kind].mode != NS_HOST)
		return refuse("'%s' is there twice", type);
	if (path != NULL && *path == '\0')
		path = NULL;
	if (path != NULL && *path != '/')
		return refuse("'path': '%s' of type '%s' is no absolute path", path, type);
	spec->ns[kind].mode = path != NULL ? NS_JOIN : NS_NEW;
	xreplace(&spec->ns[kind].path, path);
	return 0;
}

int config_part_namespaces(const cJSON *object, struct spec *spec)
{
	const cJSON *array = NULL, *item;
	size_t i = 0;

	TRY(json_get_array(object, "namespaces", &array));
	cJSON_ArrayForEach(item, array)
		TRY(fail_in(read_namespace(item, spec), "namespaces[%zu]", i++));
	return 0;
}

/* A number that has to be there. */
static int need_u64(const cJSON *object, const char *key, uint64_t max, uint64_t *ret_value)
{
	int rc = json_get_u64(object, key, max, ret_value);

	return rc != 0 ? rc : refuse("'%s' is missing", key);
}

static bool overlap(uint64_t a, uint64_t b, uint64_t a_count, uint64_t b_count)
{
	return a < b + b_count && b < a + a_count;
}

/* The kernel refuses all of these as well, with EINVAL alone. */
static int read_mapping(const cJSON *item, struct idmap *map)
{
	uint64_t inside = 0, outside = 0, count = 0;

	TRY(need_u64(item, "containerID", MAX_ID, &inside));
	TRY(need_u64(item, "hostID", MAX_ID, &outside));
	TRY(need_u64(item, "size", MAX_ID + 1, &count));
	if (count == 0)
		return refuse("'size' is 0");
	if (inside + count - 1 > MAX_ID)
		return refuse("'containerID': %llu ids from %llu on are more than there are",
			      (unsigned long long)count, (unsigned long long)inside);
	if (outside + count - 1 > MAX_ID)
		return refuse("'hostID': %llu ids from %llu on are more than there are",
			      (unsigned long long)count, (unsigned long long)outside);
	for (size_t i = 0; i < map->n; i++)
		if (overlap(inside, map->v[i].inside, count, map->v[i].count) ||
		    overlap(outside, map->v[i].outside, count, map->v[i].count))
			return refuse("it overlaps with entry %zu", i);
	idmap_add(map, (uint32_t)inside, (uint32_t)outside, (uint32_t)count);
	return 0;
}

int config_part_mappings(const cJSON *object, const char *key, struct idmap *map)
{
	const cJSON *array = NULL, *item;
	size_t i = 0;

	TRY(json_get_array(object, key, &array));
	cJSON_ArrayForEach(item, array) TRY(fail_in(read_mapping(item, map), "%s[%zu]", key, i++));
	return 0;
}

int config_get_copy(const cJSON *object, const char *key, char **slot)
{
	const char *text = NULL;

	if (object == NULL)
		return 0;
	TRY(json_get_string(object, key, &text));
	if (text != NULL)
		xreplace(slot, text);
	return 0;
}

int config_get_limit(const cJSON *object, const char *key, int64_t *ret_limit)
{
	return object != NULL ? json_get_int(object, key, -1, INT64_MAX, ret_limit) : 0;
}

int config_get_char(const cJSON *object, const char *key, char *ret_char)
{
	const char *text = "";

	TRY(json_get_string(object, key, &text));
	if (strlen(text) != 1)
		return refuse("'%s' is one letter", key);
	*ret_char = text[0];
	return 0;
}

int config_get_number(const cJSON *object, const char *key, unsigned int *ret_number)
{
	int64_t number = 0;

	TRY(json_get_int(object, key, 0, UINT32_MAX, &number));
	*ret_number = (unsigned int)number;
	return 0;
}

int config_part_rules(const cJSON *object, struct spec_resources *to)
{
	const cJSON *array = NULL, *item;

	TRY(json_get_array(object, "devices", &array));
	cJSON_ArrayForEach(item, array)
	{
		struct spec_device_rule rule = { .type = 'a', .major = -1, .minor = -1 };
		const char *access = "rwm";

		TRY(json_get_bool(item, "allow", &rule.allow));
		if (cJSON_GetObjectItemCaseSensitive(item, "type") != NULL)
			TRY(config_get_char(item, "type", &rule.type));
		TRY(json_get_int(item, "major", 0, UINT32_MAX, &rule.major));
		TRY(json_get_int(item, "minor", 0, UINT32_MAX, &rule.minor));
		TRY(json_get_string(item, "access", &access));
		if (strlen(access) >= sizeof(rule.access))
			return refuse("'%s' is no access to a device", access);
		snprintf(rule.access, sizeof(rule.access), "%s", access);
		*VEC_PUSH(&to->devices) = rule;
	}
	return 0;
}

static int read_throttle(const cJSON *item, struct spec_throttles *to)
{
	uint64_t major = 0, minor = 0, rate = 0;
	struct spec_throttle *throttle;

	TRY(need_u64(item, "major", UINT32_MAX, &major));
	TRY(need_u64(item, "minor", UINT32_MAX, &minor));
	TRY(need_u64(item, "rate", UINT64_MAX, &rate));
	throttle = VEC_PUSH(to);
	throttle->major = (unsigned int)major;
	throttle->minor = (unsigned int)minor;
	throttle->rate = rate;
	return 0;
}

int config_part_throttles(const cJSON *block_io, const char *key, struct spec_throttles *to)
{
	const cJSON *array = NULL, *item;
	size_t i = 0;

	TRY(json_get_array(block_io, key, &array));
	cJSON_ArrayForEach(item, array) TRY(fail_in(read_throttle(item, to), "entry %zu", i++));
	return 0;
}

int config_part_keyvalues(const cJSON *object, const char *key, struct spec_keyvalues *to)
{
	const cJSON *map = NULL, *item;

	TRY(json_get_object(object, key, &map));
	cJSON_ArrayForEach(item, map)
	{
		const char *text;

		TRY(json_string(item, key, &text));
		keyvalues_add(to, item->string, text);
	}
	return 0;
}

static int read_device(const cJSON *from, struct spec_device *device)
{
	TRY(config_get_copy(from, "path", &device->path));
	if (device->path == NULL)
		return refuse("a device has no path");
	TRY(config_get_char(from, "type", &device->type));
	TRY(config_get_number(from, "major", &device->major));
	TRY(config_get_number(from, "minor", &device->minor));
	TRY(config_get_number(from, "fileMode", &device->mode));
	TRY(config_get_number(from, "uid", &device->uid));
	return config_get_number(from, "gid", &device->gid);
}

int config_part_devices(const cJSON *object, struct spec *spec)
{
	const cJSON *array = NULL, *item;

	TRY(json_get_array(object, "devices", &array));
	cJSON_ArrayForEach(item, array) TRY(read_device(item, VEC_PUSH(&spec->devices)));
	return 0;
}
