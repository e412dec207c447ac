/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Macros of system headers, which cppcheck does not read. */
#define cJSON_ArrayForEach(item, array) for (item = (array)->child; item; item = item->next)
