/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/memory.h"

#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#define STACK_USED (120UL << 10) /* bytes */

/* What is relocated stands in segments that are writable at first: those stay. */
static int shed_object(struct dl_phdr_info *info, size_t size, void *arg)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		uintptr_t start = (uintptr_t)info->dlpi_addr + segment->p_vaddr;
		uintptr_t end = (start + segment->p_memsz + page - 1) & ~(page - 1);

		start &= ~(page - 1);
		if (segment->p_type == PT_LOAD && (segment->p_flags & PF_W) == 0)
			(void)madvise((void *)start, end - start, MADV_DONTNEED);
	}
	return 0;
}

/* What deeper calls have left below this one: at most what fits into STACK_USED. */
static void shed_stack(void)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t here = (uintptr_t)__builtin_frame_address(0) & ~(page - 1);

	/* The page below may be that of the call itself. */
	(void)madvise((void *)(here - STACK_USED), STACK_USED - page, MADV_DONTNEED);
}

void memory_shed(void)
{
	malloc_trim(0);
	shed_stack();
	dl_iterate_phdr(shed_object, NULL);
}
