/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prints the default filter as berth installs it, for the floor program. */
#include <stdio.h>

#include "box/seccomp.h"

int main(void)
{
	static struct sock_filter filter[SECCOMP_DEFAULT_MAX];
	unsigned short n = seccomp_default(0xa80425fbULL, filter);

	puts("static const struct sock_filter floor_filter[] = {");
	for (unsigned short i = 0; i < n; i++)
		printf("\t{ 0x%x, %u, %u, 0x%x },\n", filter[i].code, filter[i].jt, filter[i].jf,
		       filter[i].k);
	puts("};");
	return 0;
}
