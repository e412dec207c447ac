/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BASE_TOML_H
#define BERTH_BASE_TOML_H

#include "base/json.h"

/*
 * TOML 1.0 as a tree of JSON, which the getters of base/json.h read: a table is an object, an array
 * of tables is an array of objects. Dates and times, and the floats inf and nan, which JSON has
 * not, are strings of their text; integers keep every digit, in decimal.
 *
 * As strict as the specification: what it calls invalid is refused with the line, a key that is
 * there twice and a table that is opened twice among them. Beyond it, a NUL in a string is refused,
 * and a float that overflows; limits are MAX_TOML bytes, MAX_TOML_NODES keys and values, and
 * MAX_JSON_DEPTH levels.
 */

/* Parse len bytes. name stands in messages. *ret_json is to be given to json_free(). */
int toml_parse(const char *bytes, size_t len, const char *name, cJSON **ret_json);

#endif
