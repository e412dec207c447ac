/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of a container's description that are about its health. */
#include "command/inspect.h"

#include "base/err.h"
#include "container/healthfile.h"
#include "container/upkeep.h"

#define NSEC_PER_USEC 1000

void inspect_add_health(cJSON *state, const struct record *record)
{
	struct health_state health;
	cJSON *log = NULL, *object;
	int there = healthfile_load(record, &health, &log);

	if (there <= 0) {
		err_clear();
		return;
	}
	object = json_add_object(state, "Health");
	json_add_string(object, "Status", health_status_name(health.status));
	json_add_int(object, "FailingStreak", health.streak);
	cJSON_AddItemToObject(object, "Log", log != NULL ? log : json_array());
}

/* 0 is docker's word for a check that does not come by itself. */
static void add_time(cJSON *object, const char *key, uint64_t usec)
{
	json_add_int(object, key, usec == HEALTH_NEVER ? 0 : (int64_t)(usec * NSEC_PER_USEC));
}

static cJSON *add_probe(cJSON *config, const char *key, const struct health_probe *probe)
{
	cJSON *object = json_add_object(config, key);

	json_add_strings(object, "Test", &probe->test);
	add_time(object, "Interval", probe->interval);
	add_time(object, "Timeout", probe->timeout);
	return object;
}

void inspect_add_healthcheck(cJSON *config, const struct record *record)
{
	AUTO(upkeep) upkeep = UPKEEP_INIT;
	const struct health_config *health = &upkeep.health;
	cJSON *object;

	if (upkeep_load(record, &upkeep) < 0 || !health_is_on(health)) {
		err_clear();
		return;
	}
	object = add_probe(config, "Healthcheck", &health->regular);
	add_time(object, "StartPeriod", health->start_period);
	add_time(object, "StartInterval", health->start_interval);
	json_add_int(object, "Retries", health->retries);
	json_add_string(config, "HealthcheckOnFailureAction",
			health_action_name(health->on_failure));
	json_add_string(config, "HealthLogDestination",
			health->log_directory != NULL ? health->log_directory : "local");
	json_add_int(config, "HealthcheckMaxLogCount", health->log_count);
	json_add_int(config, "HealthcheckMaxLogSize", health->log_size);
	if (health->startup.test.n == 0)
		return;
	object = add_probe(config, "StartupHealthCheck", &health->startup);
	json_add_int(object, "Retries", health->startup_retries);
	json_add_int(object, "Successes", health->startup_success);
}
