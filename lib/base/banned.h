/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BASE_BANNED_H
#define BERTH_BASE_BANNED_H

/*
 * Functions that nobody may call, included into every file by the compiler's -include: unbounded
 * string functions, calls that hide a shell or a search of PATH, and calls with hidden static
 * state. The headers that declare them come first.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#undef alloca
#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf strtok
#pragma GCC poison atoi atol atoll alloca
#pragma GCC poison system popen execvp execlp execl execle realpath tmpnam tempnam mktemp
#pragma GCC poison gmtime localtime ctime asctime

#endif
