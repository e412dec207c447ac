/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_COMMAND_INSPECT_H
#define BERTH_COMMAND_INSPECT_H

#include "base/host.h"
#include "base/json.h"

/* One object as `inspect` shows it, with docker's field names. -ENOENT: there is none. */
int inspect_image(const struct host *host, const char *name, cJSON **ret_json);
int inspect_container(const struct host *host, const char *name, cJSON **ret_json);

#endif
