/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BASE_ALLOC_H
#define BERTH_BASE_ALLOC_H

#include <stddef.h>

/*
 * Memory and clean-up. Allocation never returns NULL: out of memory ends the process with a message
 * and status 125 (rolling back would need memory as well; the store is crash-only, so nothing is
 * lost).
 */
void out_of_memory(void) __attribute__((noreturn, cold));
void *xalloc(size_t size) __attribute__((malloc, returns_nonnull));
/* Zeroed; n * size is checked for overflow. */
void *xcalloc(size_t n, size_t size) __attribute__((returns_nonnull));
/* Resize to n * size, checked for overflow; the grown part is not zeroed. */
void *xrealloc(void *ptr, size_t n, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *text) __attribute__((malloc, returns_nonnull));
/* NULL stays NULL. */
char *xstrdup_null(const char *text);
char *xstrndup(const char *text, size_t len) __attribute__((malloc, returns_nonnull));
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2), returns_nonnull));
/* *slot takes a copy of text (NULL: none); what it held is freed. */
void xreplace(char **slot, const char *text);

/*
 * Clean-up at the end of the scope: `autofree char *name`, `autoclose int fd = -1`, `autodir DIR
 * *dir`, and AUTO(type) for a struct with type_release().
 */
void cleanup_free(void *pointer);
void cleanup_close(const int *fd);
void cleanup_dir(void *pointer);

#define autofree __attribute__((cleanup(cleanup_free)))
#define autoclose __attribute__((cleanup(cleanup_close)))
#define autodir __attribute__((cleanup(cleanup_dir)))
#define AUTO(type) __attribute__((cleanup(type##_release))) struct type

/* Take the value out of a variable that would be cleaned up. */
#define steal(pointer) \
	__extension__({ \
		__typeof__(pointer) *p_ = &(pointer); \
		__typeof__(pointer) v_ = *p_; \
		*p_ = NULL; \
		v_; \
	})
int steal_fd(int *fd);

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#endif
