/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_OCI_FEATURES_H
#define BERTH_OCI_FEATURES_H

#include "base/json.h"

/*
 * What berth can do as a runtime, as the specification's document (runtime-spec, features.md). It
 * is of berth and not of the host, but for seccomp: libseccomp may be missing, and the kernel may
 * lack a flag. Its lists are the tables that a config.json is read with, so that nothing is in one
 * that is not in the other.
 */
cJSON *features_document(void);

#endif
