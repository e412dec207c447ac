/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_OCI_OCIHOOK_H
#define BERTH_OCI_OCIHOOK_H

#include "oci/ocistate.h"
#include "spec/spec.h"

/* Hooks that run outside, of one kind: they hear that the container is in this status. */
int ocihook_run(const struct ocistate *state, const struct spec *spec, enum hook_kind kind,
		enum oci_status status);

#endif
