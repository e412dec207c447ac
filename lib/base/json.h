/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BASE_JSON_H
#define BERTH_BASE_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/vec.h"

/*
 * JSON behind a strict reader. cJSON alone accepts documents that two parsers read differently;
 * json_parse() refuses them: invalid UTF-8, NUL (raw or escaped), duplicate keys at any level, raw
 * control characters, leading zeros, anything after the end, more than MAX_JSON_DEPTH levels or
 * MAX_JSON_NODES values. Keys are case-sensitive.
 *
 * Getters take the object, the key, and put the value into *ret_x; a missing key or null leaves it
 * as it was and returns 0, a value returns 1, a wrong type is an error whose message carries the
 * key's path ("config.Env[2]").
 */

/* Parse len bytes. name stands in messages. *ret_json is to be given to json_free(). */
int json_parse(const char *bytes, size_t len, const char *name, cJSON **ret_json);
void json_free(cJSON *json);
/* Overwrite its strings: for a tree with secrets, before it is freed. */
void json_wipe(cJSON *json);
void cleanup_json(cJSON **json);
#define autojson __attribute__((cleanup(cleanup_json)))

int json_get_string(const cJSON *object, const char *key,
		    const char **ret_text); /* valid as long as the object */
int json_get_bool(const cJSON *object, const char *key, bool *ret_value);
/* Exact: read from the text, not through a double; refused outside of min..max. */
int json_get_int(const cJSON *object, const char *key, int64_t min, int64_t max,
		 int64_t *ret_value);
int json_get_u64(const cJSON *object, const char *key, uint64_t max, uint64_t *ret_value);
int json_get_strings(const cJSON *object, const char *key, struct strvec *ret_list);
int json_get_object(const cJSON *object, const char *key, const cJSON **ret_object);
int json_get_array(const cJSON *object, const char *key, const cJSON **ret_array);
/* The element of an array or the value of a map as a string. */
int json_string(const cJSON *value, const char *what, const char **ret_text);

/* Writers; memory errors end the process. */
cJSON *json_object(void);
cJSON *json_array(void);
cJSON *json_add_object(cJSON *object, const char *key);
cJSON *json_add_array(cJSON *object, const char *key);
void json_add_string(cJSON *object, const char *key, const char *text); /* NULL adds nothing */
void json_add_int(cJSON *object, const char *key, int64_t value);
void json_add_bool(cJSON *object, const char *key, bool value);
void json_add_strings(cJSON *object, const char *key, const struct strvec *list);
void json_push_string(cJSON *array, const char *text);
void json_push(cJSON *array, cJSON *item);
/* Append a string with its quotes, as json_print() writes them: for documents that are too large to
 * be built first. */
void json_print_string(struct buf *out, const char *text);
/* Append the text; indented by four blanks when pretty, on one line otherwise. */
void json_print(const cJSON *json, bool pretty, struct buf *out);

#endif
