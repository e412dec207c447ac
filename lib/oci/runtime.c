/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "oci/runtime.h"

#include <stdlib.h>

void runtime_release(struct runtime *runtime)
{
	free(runtime->root);
	*runtime = (struct runtime){ 0 };
}
