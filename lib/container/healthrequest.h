/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_HEALTHREQUEST_H
#define BERTH_CONTAINER_HEALTHREQUEST_H

#include <stdbool.h>

#include "container/health.h"

/* The options of health checks, as they were given: NULL where they were not. */
struct health_request {
	bool none; /* --no-healthcheck */
	char *cmd, *interval, *timeout, *retries, *start_period, *start_interval;
	char *startup_cmd, *startup_interval, *startup_timeout, *startup_retries, *startup_success;
	char *on_failure, *log_destination, *max_log_count, *max_log_size;
};

/* Was anything asked for? */
bool health_request_given(const struct health_request *request);
/* Change a configuration (empty, an image's, or a container's) to what the options want; defaults
 * are put in. Nothing is on afterwards where there is to be no check. */
int health_request_apply(const struct health_request *request, struct health_config *config);
/* The same for a new container, whose image has a Healthcheck of this text (NULL: none). */
int health_request_make(const struct health_request *request, const char *image,
			struct health_config *ret_config);
void health_request_release(struct health_request *request);

#endif
