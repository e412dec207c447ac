/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_COMMAND_INSPECT_H
#define BERTH_COMMAND_INSPECT_H

#include "base/host.h"
#include "base/json.h"
#include "container/record.h"
#include "container/volumeuse.h"

/* What costs more than the rest is shown on demand only. */
struct inspect_extras {
	bool size;     /* of the writable layer */
	bool security; /* the confinement, read back from the kernel */
};

/* One object as `inspect` shows it, with docker's field names. -ENOENT: there is none. */
int inspect_image(const struct host *host, const char *name, cJSON **ret_json);
int inspect_volume(const struct host *host, const char *name, cJSON **ret_json);
int inspect_container(const struct host *host, const char *name,
		      const struct inspect_extras *extras, cJSON **ret_json);

/* Parts of a container (inspect_health.c, inspect_host.c). plan: its OCI configuration; NULL where
 * it has none. Of health there is nothing where it has no health check, as with docker. */
void inspect_add_health(cJSON *state, const struct record *record);
void inspect_add_healthcheck(cJSON *config, const struct record *record);
void inspect_add_host(cJSON *json, const struct record *record, const cJSON *plan);
void inspect_add_network(cJSON *json, const struct record *record);
void inspect_add_mounts(cJSON *json, const struct record *record, const cJSON *plan);

#endif
