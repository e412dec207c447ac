/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/alloc.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/exit.h"

void out_of_memory(void)
{
	static const char text[] = "berth: out of memory\n";

	(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
	_exit(EXIT_BERTH);
}

static void *checked(void *ptr)
{
	if (ptr == NULL)
		out_of_memory();
	return ptr;
}

void *xalloc(size_t size)
{
	return checked(malloc(size != 0 ? size : 1));
}

void *xcalloc(size_t n, size_t size)
{
	return checked(calloc(n != 0 ? n : 1, size != 0 ? size : 1));
}

void *xrealloc(void *ptr, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return checked(NULL);
	return checked(realloc(ptr, bytes != 0 ? bytes : 1));
}

char *xstrdup(const char *text)
{
	return checked(strdup(text));
}

char *xstrdup_null(const char *text)
{
	return text != NULL ? xstrdup(text) : NULL;
}

char *xstrndup(const char *text, size_t len)
{
	return checked(strndup(text, len));
}

char *xasprintf(const char *fmt, ...)
{
	va_list args;
	char *text;
	int len;

	va_start(args, fmt);
	len = vasprintf(&text, fmt, args);
	va_end(args);
	return checked(len >= 0 ? text : NULL);
}

void xreplace(char **slot, const char *text)
{
	char *copy = xstrdup_null(text);

	free(*slot);
	*slot = copy;
}

void cleanup_free(void *pointer)
{
	void **slot = pointer;

	free(*slot);
}

void cleanup_close(const int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

void cleanup_dir(void *pointer)
{
	DIR **slot = pointer;
	int saved = errno;

	if (*slot != NULL)
		closedir(*slot);
	errno = saved;
}

int steal_fd(int *fd)
{
	int value = *fd;

	*fd = -1;
	return value;
}
