/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/progress.h"

#include <sys/mman.h>

#include "base/err.h"

static size_t bytes_of(size_t n)
{
	return n * sizeof(struct progress_item);
}

int progress_make(const char *name, size_t n, struct progress *ret_progress)
{
	void *memory = NULL;

	if (n != 0)
		memory = mmap(NULL, bytes_of(n), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			      -1, 0);
	if (memory == MAP_FAILED)
		return fail("cannot get memory");
	*ret_progress = (struct progress){ .name = name, .v = memory, .n = n };
	return 0;
}

void progress_release(struct progress *progress)
{
	if (progress->v != NULL)
		munmap(progress->v, bytes_of(progress->n));
	*progress = (struct progress){ 0 };
}
