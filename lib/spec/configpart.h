/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_SPEC_CONFIGPART_H
#define BERTH_SPEC_CONFIGPART_H

#include "base/json.h"
#include "spec/spec.h"

/*
 * Parts of a config.json that are read alike whoever wrote it: berth itself (config.h) or somebody
 * else (bundleconfig.h). Each takes the object that has the part; one that is missing changes
 * nothing.
 */
/* Names that are no capabilities are added to `unknown`, once each; NULL: they are refused. */
int config_part_caps(const cJSON *process, struct spec_caps *caps, struct strvec *unknown);
int config_part_rlimits(const cJSON *process, struct spec_process *to);
int config_part_namespaces(const cJSON *object, struct spec *spec);
int config_part_mappings(const cJSON *object, const char *key, struct idmap *map);
int config_part_devices(const cJSON *object, struct spec *spec);
int config_part_rules(const cJSON *object, struct spec_resources *to);
int config_part_throttles(const cJSON *block_io, const char *key, struct spec_throttles *to);
int config_part_keyvalues(const cJSON *object, const char *key, struct spec_keyvalues *to);

/* Getters for fields of a spec; object may be NULL. The copy replaces what is in the slot. */
int config_get_copy(const cJSON *object, const char *key, char **slot);
int config_get_limit(const cJSON *object, const char *key, int64_t *ret_limit);
int config_get_char(const cJSON *object, const char *key, char *ret_char);
int config_get_number(const cJSON *object, const char *key, unsigned int *ret_number);

#endif
