/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BASE_VEC_H
#define BERTH_BASE_VEC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/alloc.h"

/*
 * Growable arrays.
 *
 * struct strvec owns its strings; v is NULL (when empty) or NULL-terminated, so that it serves as
 * argv and environ.
 */
struct strvec {
	char **v;
	size_t n;
	size_t cap;
};

#define STRVEC_INIT \
	{ \
		.v = NULL, .n = 0, .cap = 0 \
	}

void strvec_release(struct strvec *vec);
void strvec_push(struct strvec *vec, const char *text);
void strvec_pushf(struct strvec *vec, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Takes ownership of text. */
void strvec_push_owned(struct strvec *vec, char *text);
void strvec_push_all(struct strvec *vec, const struct strvec *from);
void strvec_remove(struct strvec *vec, size_t index);
bool strvec_has(const struct strvec *vec, const char *text);
/* Split text at every `separator`; empty parts are kept. */
void strvec_split(struct strvec *vec, const char *text, char separator);
/* Replace the contents by copies of a NULL-terminated array (which may be NULL). */
void strvec_set(struct strvec *vec, char *const *array);

/* "KEY=VALUE" vectors: the value of key, or NULL; set replaces an entry in place or appends; unset
 * removes. */
const char *env_get(const struct strvec *env, const char *key);
void env_set(struct strvec *env, const char *key, const char *value);
/* The same for an entry that is already "KEY=VALUE". */
void env_put(struct strvec *env, const char *entry);
void env_unset(struct strvec *env, const char *key);

/*
 * Any other array is { type *v; size_t n; } in its struct; VEC_PUSH(&field) appends one zeroed
 * element and gives a pointer to it, which the next push may move.
 */
void *vec_push(void *array, size_t *n, size_t size);
#define VEC_PUSH(vec) \
	((vec)->v = vec_push((vec)->v, &(vec)->n, sizeof(*(vec)->v)), &(vec)->v[(vec)->n - 1])

#endif
