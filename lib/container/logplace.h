/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_LOGPLACE_H
#define BERTH_CONTAINER_LOGPLACE_H

#include "container/logdriver.h"
#include "container/record.h"

/*
 * Where the log of a container is: what --log-opt path says; the file `log` in its directory; for
 * one of --rm scratch/logs/ID/log, because its directory may be memory.
 */

/* Absolute; the directory is made, unless it is the user's. */
int logplace_make(const struct host *host, struct record *record, const struct log_config *config,
		  char **ret_path);
/* The same for reading. */
char *logplace_path(const struct host *host, const struct record *record,
		    const struct log_config *config);
/* What --log-opt tag says; "" where it was not given. */
int logplace_tag(const struct record *record, const struct log_config *config, struct buf *out);
/* The same for each line of json-file: a JSON object; NULL: nothing. */
int logplace_attrs(const struct record *record, const struct log_config *config, char **ret_attrs);

#endif
