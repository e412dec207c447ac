/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_SPEC_BUNDLECONFIG_H
#define BERTH_SPEC_BUNDLECONFIG_H

#include "base/json.h"
#include "spec/spec.h"

/*
 * The config.json of an OCI bundle, of whoever wrote it, as struct spec: every property of the
 * runtime-spec 1.2, and of 1.3 those of Linux. config.h is for what berth itself has written.
 *
 * A property that berth has no place for in struct spec is refused by its path; a property that the
 * specification does not know is passed over, as it wants it. What the kernel can do is no question
 * of the reader: box/ refuses what it cannot apply. Nothing is added that is not in the document:
 * without linux.seccomp there is no filter, without maskedPaths there are no masks.
 *
 * dir: the bundle's directory, absolute; root.path is relative to it.
 */
#define BUNDLE_VERSION_MIN "1.0.0"
#define BUNDLE_VERSION_MAX "1.3.0"
int bundleconfig_read(const char *bytes, size_t len, const char *dir, struct spec *ret_spec);

/* A process alone, of `exec --process FILE`, in the place of spec's own. */
int bundleconfig_read_process(const char *bytes, size_t len, struct spec *spec);

#endif
