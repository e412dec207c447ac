/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_SPEC_BUNDLEPART_H
#define BERTH_SPEC_BUNDLEPART_H

#include <cjson/cJSON.h>

#include "spec/spec.h"

/*
 * The parts of a config.json that bundleconfig.c puts together. Each takes the object that the part
 * stands in, adds to a spec that spec_init() has made, and prefixes its errors with the path of
 * what is wrong. A part that is missing is fine where the specification says so.
 */
int bundle_part_process(const cJSON *process, struct spec *spec);
/* The parts of it that are about priorities, processors and the terminal. */
int bundle_part_scheduling(const cJSON *process, struct spec_process *to);
/* dir: of the bundle, which the sources of bind mounts are relative to. */
int bundle_part_mounts(const cJSON *config, const char *dir, struct spec *spec);
int bundle_part_linux(const cJSON *linux_part, struct spec *spec);
/* Namespaces, and what new ones start with. */
int bundle_part_namespaces(const cJSON *linux_part, struct spec *spec);
/* personality and memoryPolicy. */
int bundle_part_execution(const cJSON *linux_part, struct spec *spec);
int bundle_part_devices(const cJSON *linux_part, struct spec *spec);
int bundle_part_resources(const cJSON *resources, struct spec *spec);
int bundle_part_rdt(const cJSON *linux_part, struct spec *spec);
int bundle_part_seccomp(const cJSON *seccomp, struct spec *spec);
int bundle_part_hooks(const cJSON *config, struct spec *spec);
/* maskedPaths, readonlyPaths, mountLabel. */
int bundle_part_paths(const cJSON *linux_part, struct spec *spec);

#endif
