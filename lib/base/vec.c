/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/vec.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

void strvec_release(struct strvec *vec)
{
	for (size_t i = 0; i < vec->n; i++)
		free(vec->v[i]);
	free(vec->v);
	*vec = (struct strvec)STRVEC_INIT;
}

void strvec_push_owned(struct strvec *vec, char *text)
{
	if (vec->n + 2 > vec->cap) {
		vec->cap = vec->cap < 8 ? 8 : vec->cap * 2;
		vec->v = xrealloc(vec->v, vec->cap, sizeof(*vec->v));
	}
	vec->v[vec->n++] = text;
	vec->v[vec->n] = NULL;
}

void strvec_push(struct strvec *vec, const char *text)
{
	strvec_push_owned(vec, xstrdup(text));
}

void strvec_pushf(struct strvec *vec, const char *fmt, ...)
{
	AUTO(buf) text = BUF_INIT;
	va_list args;

	va_start(args, fmt);
	buf_vaddf(&text, fmt, args);
	va_end(args);
	strvec_push_owned(vec, buf_steal(&text));
}

void strvec_push_all(struct strvec *vec, const struct strvec *from)
{
	for (size_t i = 0; i < from->n; i++)
		strvec_push(vec, from->v[i]);
}

void strvec_remove(struct strvec *vec, size_t index)
{
	free(vec->v[index]);
	memmove(&vec->v[index], &vec->v[index + 1], (vec->n - index) * sizeof(*vec->v));
	vec->n--;
}

bool strvec_has(const struct strvec *vec, const char *text)
{
	for (size_t i = 0; i < vec->n; i++)
		if (strcmp(vec->v[i], text) == 0)
			return true;
	return false;
}

void strvec_split(struct strvec *vec, const char *text, char separator)
{
	const char *end;

	while ((end = strchr(text, separator)) != NULL) {
		strvec_push_owned(vec, xstrndup(text, (size_t)(end - text)));
		text = end + 1;
	}
	strvec_push(vec, text);
}

void strvec_set(struct strvec *vec, char *const *array)
{
	strvec_release(vec);
	for (; array != NULL && *array != NULL; array++)
		strvec_push(vec, *array);
}

static ssize_t env_index(const struct strvec *env, const char *key, size_t len)
{
	for (size_t i = 0; i < env->n; i++)
		if (strncmp(env->v[i], key, len) == 0 && env->v[i][len] == '=')
			return (ssize_t)i;
	return -1;
}

const char *env_get(const struct strvec *env, const char *key)
{
	size_t len = strlen(key);
	ssize_t i = env_index(env, key, len);

	return i >= 0 ? env->v[i] + len + 1 : NULL;
}

void env_put(struct strvec *env, const char *entry)
{
	ssize_t i = env_index(env, entry, strcspn(entry, "="));

	if (i < 0)
		strvec_push(env, entry);
	else
		xreplace(&env->v[i], entry);
}

void env_set(struct strvec *env, const char *key, const char *value)
{
	autofree char *entry = xasprintf("%s=%s", key, value);

	env_put(env, entry);
}

void env_unset(struct strvec *env, const char *key)
{
	ssize_t i;

	while ((i = env_index(env, key, strlen(key))) >= 0)
		strvec_remove(env, (size_t)i);
}

void *vec_push(void *array, size_t *n, size_t size)
{
	/* Grown at powers of two: the capacity needs no field of its own. */
	if ((*n & (*n - 1)) == 0)
		array = xrealloc(array, *n != 0 ? *n * 2 : 1, size);
	memset((char *)array + *n * size, 0, size);
	(*n)++;
	return array;
}
