/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "oci/ocihook.h"

#include "box/hook.h"

int ocihook_run(const struct ocistate *state, const struct spec *spec, enum hook_kind kind,
		enum oci_status status)
{
	AUTO(buf) text = BUF_INIT;

	if (spec->hooks.of[kind].n == 0)
		return 0;
	ocistate_print(state, status, false, &text);
	return hook_run(&spec->hooks, kind, &text);
}
