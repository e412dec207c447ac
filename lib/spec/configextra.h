/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_SPEC_CONFIGEXTRA_H
#define BERTH_SPEC_CONFIGEXTRA_H

#include "base/json.h"
#include "spec/spec.h"

/*
 * What a container needs to be started again and what config.json cannot say, or not without loss:
 * the root file system's layers, the flags of each mount, the sources of devices on the host, how
 * the cgroup is chosen. It is one annotation, whose text is JSON.
 */
#define CONFIG_EXTRA "org.berth.extra"

void config_extra_write(const struct spec *spec, struct buf *out);
/* Into a spec whose devices were read already. */
int config_extra_read(const char *text, size_t len, struct spec *spec);

#endif
