/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stddef.h>

#include "command/options.h"
#include "container/request.h"

#define AT(field) offsetof(struct request, health.field)

#define TIME(option, field, text) \
	{ \
		(option), 0, OPT_STRING, AT(field), "TIME", (text), .check = check_filled \
	}
#define NUMBER(option, field, text) \
	{ \
		(option), 0, OPT_STRING, AT(field), "N", (text), .check = check_filled \
	}

const struct opt options_health[] = {
	OPT_TITLE("Health"),
	{ "health-cmd", 0, OPT_STRING, AT(cmd), "COMMAND",
	  "check health with this: a line for the shell, a JSON array, or none", 0, VALUES_WORDS,
	  "none" },
	TIME("health-interval", interval,
	     "time between two checks (30s); disable: only by 'healthcheck run'"),
	TIME("health-timeout", timeout, "time after which a check is killed, and has failed (30s)"),
	NUMBER("health-retries", retries, "failures in a row that mean 'unhealthy' (3)"),
	TIME("health-start-period", start_period, "time within which failures do not count (0)"),
	TIME("health-start-interval", start_interval,
	     "time between two checks within the start period (5s)"),
	{ "health-startup-cmd", 0, OPT_STRING, AT(startup_cmd), "COMMAND",
	  "run this instead until it has succeeded", 0, VALUES_WORDS, "none" },
	TIME("health-startup-interval", startup_interval, "time between two startup checks (30s)"),
	TIME("health-startup-timeout", startup_timeout,
	     "time after which a startup check is killed (30s)"),
	NUMBER("health-startup-retries", startup_retries,
	       "failures of it in a row after which the container is restarted (0: never)"),
	NUMBER("health-startup-success", startup_success,
	       "successes of it in a row that end the startup (1)"),
	{ "health-on-failure", 0, OPT_WORD, AT(on_failure), "ACTION",
	  "what to do with an unhealthy container: none, kill, restart or stop", 0, VALUES_WORDS,
	  HEALTH_ACTIONS },
	{ "health-log-destination", 0, OPT_STRING, AT(log_destination), "DIR",
	  "write the last checks to a file in DIR as well; local: nowhere else", 0,
	  VALUES_DIRECTORY, .check = check_filled },
	NUMBER("health-max-log-count", max_log_count,
	       "checks that are remembered (5); 0: as many as there is room for"),
	{ "health-max-log-size", 0, OPT_STRING, AT(max_log_size), "SIZE",
	  "what is kept of a check's output (500); 0: 64 KiB", .check = check_filled },
	{ "no-healthcheck", 0, OPT_FLAG, AT(none),
	  .help = "do not check, whatever the image says" },
	OPT_END,
};
