/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/units.h"

void json_free(cJSON *json)
{
	cJSON_Delete(json);
}

/* Recursive, as deep as the reader allows. */
void json_wipe(cJSON *json)
{
	for (cJSON *item = json != NULL ? json->child : NULL; item != NULL; item = item->next)
		json_wipe(item);
	if (json != NULL && json->valuestring != NULL)
		explicit_bzero(json->valuestring, strlen(json->valuestring));
}

void cleanup_json(cJSON **json)
{
	cJSON_Delete(*json);
}

/* The member, or NULL where it is missing or null. */
static const cJSON *member(const cJSON *object, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

	return item != NULL && !cJSON_IsNull(item) ? item : NULL;
}

/* "config.Env": the object's own key stands for the way to it. */
static int refuse_type(const cJSON *object, const char *key, const char *wanted)
{
	if (object->string != NULL)
		return refuse("'%s.%s' is not %s", object->string, key, wanted);
	return refuse("'%s' is not %s", key, wanted);
}

int json_get_string(const cJSON *object, const char *key, const char **ret_text)
{
	const cJSON *item = member(object, key);

	if (item == NULL)
		return 0;
	if (!cJSON_IsString(item))
		return refuse_type(object, key, "a string");
	*ret_text = item->valuestring;
	return 1;
}

int json_get_bool(const cJSON *object, const char *key, bool *ret_value)
{
	const cJSON *item = member(object, key);

	if (item == NULL)
		return 0;
	if (!cJSON_IsBool(item))
		return refuse_type(object, key, "true or false");
	*ret_value = cJSON_IsTrue(item);
	return 1;
}

int json_get_int(const cJSON *object, const char *key, int64_t min, int64_t max, int64_t *ret_value)
{
	const cJSON *item = member(object, key);
	char wanted[64];

	if (item == NULL)
		return 0;
	if (!cJSON_IsNumber(item) || item->valuestring == NULL ||
	    units_parse_i64(item->valuestring, min, max, ret_value) < 0) {
		snprintf(wanted, sizeof(wanted), "an integer from %lld to %lld", (long long)min,
			 (long long)max);
		return refuse_type(object, key, wanted);
	}
	return 1;
}

int json_get_u64(const cJSON *object, const char *key, uint64_t max, uint64_t *ret_value)
{
	const cJSON *item = member(object, key);
	char wanted[64];

	if (item == NULL)
		return 0;
	if (!cJSON_IsNumber(item) || item->valuestring == NULL ||
	    units_parse_u64(item->valuestring, max, ret_value) < 0) {
		snprintf(wanted, sizeof(wanted), "an integer from 0 to %llu",
			 (unsigned long long)max);
		return refuse_type(object, key, wanted);
	}
	return 1;
}

int json_get_strings(const cJSON *object, const char *key, struct strvec *ret_list)
{
	const cJSON *list = NULL, *item;
	AUTO(strvec) found = STRVEC_INIT;
	int rc = json_get_array(object, key, &list);

	if (rc <= 0)
		return rc;
	cJSON_ArrayForEach(item, list)
	{
		autofree char *name = xasprintf("%s[%zu]", key, found.n);

		if (!cJSON_IsString(item))
			return refuse_type(object, name, "a string");
		strvec_push(&found, item->valuestring);
	}
	strvec_release(ret_list);
	*ret_list = found;
	found = (struct strvec)STRVEC_INIT;
	return 1;
}

int json_get_object(const cJSON *object, const char *key, const cJSON **ret_object)
{
	const cJSON *item = member(object, key);

	if (item == NULL)
		return 0;
	if (!cJSON_IsObject(item))
		return refuse_type(object, key, "an object");
	*ret_object = item;
	return 1;
}

int json_get_array(const cJSON *object, const char *key, const cJSON **ret_array)
{
	const cJSON *item = member(object, key);

	if (item == NULL)
		return 0;
	if (!cJSON_IsArray(item))
		return refuse_type(object, key, "an array");
	*ret_array = item;
	return 1;
}

int json_string(const cJSON *value, const char *what, const char **ret_text)
{
	if (!cJSON_IsString(value))
		return refuse("'%s' is not a string", what);
	*ret_text = value->valuestring;
	return 0;
}

static cJSON *checked(cJSON *item)
{
	if (item == NULL)
		out_of_memory();
	return item;
}

static cJSON *add(cJSON *object, const char *key, cJSON *item)
{
	if (!cJSON_AddItemToObject(object, key, checked(item)))
		out_of_memory();
	return item;
}

cJSON *json_object(void)
{
	return checked(cJSON_CreateObject());
}

cJSON *json_array(void)
{
	return checked(cJSON_CreateArray());
}

cJSON *json_add_object(cJSON *object, const char *key)
{
	return add(object, key, cJSON_CreateObject());
}

cJSON *json_add_array(cJSON *object, const char *key)
{
	return add(object, key, cJSON_CreateArray());
}

void json_add_string(cJSON *object, const char *key, const char *text)
{
	if (text != NULL)
		add(object, key, cJSON_CreateString(text));
}

void json_add_int(cJSON *object, const char *key, int64_t value)
{
	cJSON *item = checked(cJSON_CreateNumber((double)value));

	/* The text is what counts, here as in what was read; cJSON frees it. */
	item->valuestring = xasprintf("%lld", (long long)value);
	add(object, key, item);
}

void json_add_bool(cJSON *object, const char *key, bool value)
{
	add(object, key, cJSON_CreateBool(value));
}

void json_push(cJSON *array, cJSON *item)
{
	if (!cJSON_AddItemToArray(array, checked(item)))
		out_of_memory();
}

void json_push_string(cJSON *array, const char *text)
{
	json_push(array, cJSON_CreateString(text));
}

void json_add_strings(cJSON *object, const char *key, const struct strvec *list)
{
	cJSON *array = json_add_array(object, key);

	for (size_t i = 0; i < list->n; i++)
		json_push_string(array, list->v[i]);
}
