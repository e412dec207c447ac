/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_TEST_UNIT_H
#define BERTH_TEST_UNIT_H

/* cmocka with what it wants included before it, and without its macro fail(), which is a function
 * of base/err. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#undef fail
#undef fail_msg
#define fail_msg(...) \
	do { \
		print_error("ERROR: " __VA_ARGS__); \
		print_error("\n"); \
		_fail(__FILE__, __LINE__); \
	} while (0)

#endif
