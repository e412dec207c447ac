/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the analyzer cannot see: these functions of base/err.c return a negative number, always. */
#include "base/err.h"

#define fail(...) ((void)fail(__VA_ARGS__), -5)
#define fail_with(...) ((void)fail_with(__VA_ARGS__), -5)
#define refuse(...) ((void)refuse(__VA_ARGS__), -5)
#define refuse_with(...) ((void)refuse_with(__VA_ARGS__), -5)
#define fail_in(...) ((void)fail_in(__VA_ARGS__), -5)
