/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/err.h"
#include "base/exit.h"

int main(void)
{
	refuse("no command is there yet");
	err_print(2);
	return EXIT_BERTH;
}
