/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_OCI_OCIBUNDLE_H
#define BERTH_OCI_OCIBUNDLE_H

#include "base/buf.h"
#include "oci/ocistate.h"
#include "oci/runtime.h"
#include "spec/spec.h"

/* A directory with config.json and a root file system (runtime-spec, bundle.md), ready to be put
 * into a box. */
struct ocibundle {
	char *dir;         /* absolute */
	struct buf config; /* config.json as it is */
	struct spec spec;
};

int ocibundle_load(const struct runtime *runtime, const struct runtime_create *request,
		   const char *id, struct ocibundle *ret_bundle);
/* That of a container that is there already. */
int ocibundle_of(const struct runtime *runtime, const struct ocistate *state,
		 struct ocibundle *ret_bundle);
/* Before a process of it is made: its system call filter, kept by content beside the containers. */
int ocibundle_compile(const struct runtime *runtime, struct spec *spec);
void ocibundle_release(struct ocibundle *bundle);

#endif
