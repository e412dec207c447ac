/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_OCI_ENDING_H
#define BERTH_OCI_ENDING_H

#include "oci/ocistate.h"
#include "spec/spec.h"

/* Hooks of the end. One that fails is a warning, and the next are run all the same (runtime.md
 * "Lifecycle"). */
int ending_hooks(const struct ocistate *state, const struct spec *spec);

#endif
