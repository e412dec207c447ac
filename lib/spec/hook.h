/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_SPEC_HOOK_H
#define BERTH_SPEC_HOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/vec.h"

/*
 * Programs that are run at points of a container's life (runtime-spec, config.md "POSIX-platform
 * Hooks"). Those of createContainer and startContainer run in the container's namespaces, all
 * others in those of who runs the command.
 */
enum hook_kind {
	HOOK_PRESTART, /* deprecated by the specification; before createRuntime */
	HOOK_CREATE_RUNTIME,
	HOOK_CREATE_CONTAINER,
	HOOK_START_CONTAINER,
	HOOK_POSTSTART,
	HOOK_POSTSTOP,
	HOOK_MAX,
};

struct spec_hook {
	char *path; /* absolute */
	struct strvec args, env;
	int64_t timeout; /* seconds; 0: none */
};

struct spec_hooks {
	struct {
		struct spec_hook *v;
		size_t n;
	} of[HOOK_MAX]; /* in the order they are to be run */
};

/* "createRuntime" */
const char *hook_name(enum hook_kind kind);
/* Are there some that run while the mounts are there and the host's root still is? */
bool spec_hooks_before_pivot(const struct spec_hooks *hooks);
/* Are there some that run in the container? */
bool spec_hooks_inside(const struct spec_hooks *hooks);
void spec_hooks_release(struct spec_hooks *hooks);

#endif
