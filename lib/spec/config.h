/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_SPEC_CONFIG_H
#define BERTH_SPEC_CONFIG_H

#include "base/json.h"
#include "spec/spec.h"

/* The newest version of the runtime-spec that is known, for states and features. What is written
 * is of an older one (config.c), which more runtimes read. */
#define CONFIG_VERSION "1.2.0"

/*
 * struct spec as config.json of the OCI runtime-spec 1.2. What the specification has no
 * place for (the overlay of root, the user's name, /dev/null as stdin, ...) goes into annotations
 * "org.berth.*", so that the directory stays a valid bundle and other runtimes accept it.
 *
 * rootfs_path: what root.path says where the root is an overlay (an OCI runtime needs it mounted
 * there).
 */
int config_write(const struct spec *spec, const char *rootfs_path, struct buf *out);

/*
 * Read back what another process beside the payload has to know (configread.c): all of `process`
 * but its arguments, terminal and streams; which namespaces there are; the id maps; the kind of
 * system call filter (its instructions are not in there); whether it is privileged. The rest of
 * *ret_spec is empty. The bytes are checked like everybody's.
 */
int config_read(const char *bytes, size_t len, struct spec *ret_spec);
/* Read back all of it (configwhole.c), but for the instructions of a system call filter. */
int config_read_whole(const char *bytes, size_t len, struct spec *ret_spec);

#endif
