/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_SPEC_RESOURCESMERGE_H
#define BERTH_SPEC_RESOURCESMERGE_H

#include <cjson/cJSON.h>

/*
 * Change linux.resources of a config.json, as `update` has to: what `changes` has takes the place
 * of what is there, value by value and device by device; the rest stays. As with every runtime,
 * rules of devices are passed over, and 0 and "" are "not given" where they are no values. Memory
 * without a limit is swap without one, unless something else is said.
 *
 * The result is to be printed and read again: nothing is checked here but the shape.
 */
int resources_merge(cJSON *resources, const cJSON *changes);

#endif
