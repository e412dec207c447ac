/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <net/if.h>
#include <string.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/json.h"
#include "spec/bundlepart.h"
#include "spec/configpart.h"

#define NANOSECS_MAX 999999999

static int read_mappings(const cJSON *linux_part, struct spec *spec)
{
	struct idmaps *maps = &spec->idmaps;
	enum ns_mode mode = spec->ns[NS_USER].mode;

	TRY(config_part_mappings(linux_part, "uidMappings", &maps->uid));
	TRY(config_part_mappings(linux_part, "gidMappings", &maps->gid));
	if (mode == NS_HOST && maps->uid.n + maps->gid.n > 0)
		return refuse("'%s' is given, and there is no user namespace in 'namespaces'",
			      maps->uid.n > 0 ? "uidMappings" : "gidMappings");
	if (mode == NS_NEW && maps->uid.n == 0)
		return refuse("'uidMappings' is missing: a new user namespace needs one");
	if (mode == NS_NEW && maps->gid.n == 0)
		return refuse("'gidMappings' is missing: a new user namespace needs one");
	return 0;
}

static int read_clock(const cJSON *offsets, const char *name, struct spec_clock *to)
{
	const cJSON *offset = NULL;
	int64_t secs = 0, nanosecs = 0;

	TRY(json_get_object(offsets, name, &offset));
	if (offset == NULL)
		return 0;
	TRY(json_get_int(offset, "secs", INT64_MIN, INT64_MAX, &secs));
	TRY(json_get_int(offset, "nanosecs", 0, NANOSECS_MAX, &nanosecs));
	*to = (struct spec_clock){ .set = true, .secs = secs, .nanosecs = (uint32_t)nanosecs };
	return 0;
}

static const char *const clock_names[CLOCK_KIND_MAX] = {
	[CLOCK_KIND_MONOTONIC] = "monotonic",
	[CLOCK_KIND_BOOTTIME] = "boottime",
};

static int find_clock(const char *name)
{
	for (int kind = 0; kind < CLOCK_KIND_MAX; kind++)
		if (strcmp(clock_names[kind], name) == 0)
			return kind;
	return refuse("'%s' is no clock that a time namespace has", name);
}

static int read_offsets(const cJSON *linux_part, struct spec *spec)
{
	const cJSON *offsets = NULL, *item;

	TRY(json_get_object(linux_part, "timeOffsets", &offsets));
	cJSON_ArrayForEach(item, offsets)
	{
		int kind = find_clock(item->string);

		TRY(kind);
		TRY(read_clock(offsets, item->string, &spec->clocks[kind]));
	}
	if (cJSON_GetArraySize(offsets) > 0 && spec->ns[NS_TIME].mode != NS_NEW)
		return refuse("there is no new time namespace in 'namespaces'");
	return 0;
}

/* As the kernel has them (dev_valid_name()). */
static int check_device_name(const char *name)
{
	if (*name == '\0' || strlen(name) >= IFNAMSIZ || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0 || strpbrk(name, "/: \t\n\v\f\r%") != NULL)
		return refuse("'%s' is no name of a network interface", name);
	return 0;
}

static int read_net_device(const cJSON *from, struct spec_net_device *to)
{
	const char *rename = NULL;

	if (!cJSON_IsObject(from))
		return refuse("it is no object");
	TRY(check_device_name(from->string));
	TRY(json_get_string(from, "name", &rename));
	to->name = xstrdup(from->string);
	if (rename == NULL || *rename == '\0')
		return 0;
	TRY(check_device_name(rename));
	to->rename = xstrdup(rename);
	return 0;
}

static int read_net_devices(const cJSON *linux_part, struct spec *spec)
{
	const cJSON *devices = NULL, *item;

	TRY(json_get_object(linux_part, "netDevices", &devices));
	if (cJSON_GetArraySize(devices) > MAX_NET_DEVICES)
		return refuse_with(E2BIG, "there are more than %d", MAX_NET_DEVICES);
	cJSON_ArrayForEach(item, devices)
	{
		struct spec_net_device *to = VEC_PUSH(&spec->net_devices);

		TRY(fail_in(read_net_device(item, to), "'%s'", item->string));
	}
	if (spec->net_devices.n > 0 && spec->ns[NS_NET].mode == NS_HOST)
		return refuse("there is no network namespace in 'namespaces'");
	return 0;
}

int bundle_part_namespaces(const cJSON *linux_part, struct spec *spec)
{
	TRY(config_part_namespaces(linux_part, spec));
	TRY(read_mappings(linux_part, spec));
	TRY(fail_in(read_offsets(linux_part, spec), "timeOffsets"));
	return fail_in(read_net_devices(linux_part, spec), "netDevices");
}
