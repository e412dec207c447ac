/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/resourcesmerge.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/json.h"

static cJSON *copy(const cJSON *item)
{
	cJSON *made = cJSON_Duplicate(item, true);

	if (made == NULL)
		out_of_memory();
	return made;
}

/* Takes ownership of item. */
static void put(cJSON *object, const char *key, cJSON *item)
{
	cJSON_DeleteItemFromObjectCaseSensitive(object, key);
	if (!cJSON_AddItemToObject(object, key, item))
		out_of_memory();
}

static bool is_zero(const cJSON *item)
{
	return cJSON_IsNumber(item) && item->valuestring != NULL &&
	       strcmp(item->valuestring, "0") == 0;
}

static bool is_given(const cJSON *item)
{
	static const char *const zeros[] = { "burst", "idle", "swappiness" };

	if (cJSON_IsNull(item) || (cJSON_IsString(item) && *item->valuestring == '\0'))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(zeros); i++)
		if (strcmp(item->string, zeros[i]) == 0)
			return true;
	return !is_zero(item);
}

static bool same_text(const cJSON *a, const cJSON *b)
{
	const char *left = a != NULL && a->valuestring != NULL ? a->valuestring : "";
	const char *right = b != NULL && b->valuestring != NULL ? b->valuestring : "";

	return strcmp(left, right) == 0;
}

/* Are they about the same device, size of pages or interface? */
static bool same_subject(const cJSON *a, const cJSON *b)
{
	static const char *const keys[] = { "major", "minor", "pageSize", "name" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (!same_text(cJSON_GetObjectItemCaseSensitive(a, keys[i]),
			       cJSON_GetObjectItemCaseSensitive(b, keys[i])))
			return false;
	return true;
}

static void merge_list(cJSON *list, const cJSON *changes)
{
	const cJSON *change;

	cJSON_ArrayForEach(change, changes)
	{
		for (int i = cJSON_GetArraySize(list); i-- > 0;)
			if (same_subject(cJSON_GetArrayItem(list, i), change))
				cJSON_DeleteItemFromArray(list, i);
		json_push(list, copy(change));
	}
}

static void merge_value(cJSON *object, const cJSON *change)
{
	cJSON *old = cJSON_GetObjectItemCaseSensitive(object, change->string);

	if (cJSON_IsArray(change) && cJSON_IsArray(old))
		merge_list(old, change);
	else if (is_given(change))
		put(object, change->string, copy(change));
}

/* A member of resources that has members itself. */
static int merge_object(cJSON *resources, const char *key, const cJSON *changes)
{
	cJSON *object = cJSON_GetObjectItemCaseSensitive(resources, key);
	const cJSON *given = NULL, *change;

	TRY(json_get_object(changes, key, &given));
	if (given == NULL)
		return 0;
	if (!cJSON_IsObject(object)) {
		put(resources, key, json_object());
		object = cJSON_GetObjectItemCaseSensitive(resources, key);
	}
	cJSON_ArrayForEach(change, given) merge_value(object, change);
	return 0;
}

static void free_swap(cJSON *resources, const cJSON *changes)
{
	const cJSON *given = cJSON_GetObjectItemCaseSensitive(changes, "memory");
	const cJSON *limit = cJSON_GetObjectItemCaseSensitive(given, "limit");
	const cJSON *swap = cJSON_GetObjectItemCaseSensitive(given, "swap");

	if (limit == NULL || limit->valuestring == NULL || strcmp(limit->valuestring, "-1") != 0 ||
	    (swap != NULL && is_given(swap)))
		return;
	put(cJSON_GetObjectItemCaseSensitive(resources, "memory"), "swap", copy(limit));
}

int resources_merge(cJSON *resources, const cJSON *changes)
{
	static const char *const objects[] = { "memory",  "cpu",  "pids",   "blockIO",
					       "network", "rdma", "unified" };
	const cJSON *pages = NULL;

	if (!cJSON_IsObject(changes))
		return refuse("'resources' is not an object");
	for (size_t i = 0; i < ARRAY_SIZE(objects); i++)
		TRY(merge_object(resources, objects[i], changes));
	free_swap(resources, changes);
	TRY(json_get_array(changes, "hugepageLimits", &pages));
	if (pages != NULL)
		merge_value(resources, pages);
	return 0;
}
