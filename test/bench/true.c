/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The smallest payload: no libc, no loader; what is measured is the start and not the program. */
#include <sys/syscall.h>

void _start(void);

void _start(void)
{
	__asm__ volatile("syscall" : : "a"(SYS_exit_group), "D"(0) : "rcx", "r11", "memory");
	__builtin_unreachable();
}
