/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/hook.h"

#include <stdlib.h>

static const char *const names[HOOK_MAX] = {
	[HOOK_PRESTART] = "prestart",
	[HOOK_CREATE_RUNTIME] = "createRuntime",
	[HOOK_CREATE_CONTAINER] = "createContainer",
	[HOOK_START_CONTAINER] = "startContainer",
	[HOOK_POSTSTART] = "poststart",
	[HOOK_POSTSTOP] = "poststop",
};

const char *hook_name(enum hook_kind kind)
{
	return names[kind];
}

bool spec_hooks_before_pivot(const struct spec_hooks *hooks)
{
	return hooks->of[HOOK_PRESTART].n + hooks->of[HOOK_CREATE_RUNTIME].n +
		       hooks->of[HOOK_CREATE_CONTAINER].n >
	       0;
}

bool spec_hooks_inside(const struct spec_hooks *hooks)
{
	return hooks->of[HOOK_CREATE_CONTAINER].n + hooks->of[HOOK_START_CONTAINER].n > 0;
}

void spec_hooks_release(struct spec_hooks *hooks)
{
	for (int kind = 0; kind < HOOK_MAX; kind++) {
		for (size_t i = 0; i < hooks->of[kind].n; i++) {
			struct spec_hook *hook = &hooks->of[kind].v[i];

			free(hook->path);
			strvec_release(&hook->args);
			strvec_release(&hook->env);
		}
		free(hooks->of[kind].v);
	}
	*hooks = (struct spec_hooks){ 0 };
}
