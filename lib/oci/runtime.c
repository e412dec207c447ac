/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "oci/runtime.h"

#include <stdlib.h>

void runtime_warn(const struct runtime *runtime, const struct strvec *warnings)
{
	for (size_t i = 0; runtime->warn != NULL && i < warnings->n; i++)
		runtime->warn(runtime->warn_arg, warnings->v[i]);
}

void runtime_release(struct runtime *runtime)
{
	free(runtime->root);
	*runtime = (struct runtime){ 0 };
}
