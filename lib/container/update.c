/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/update.h"

#include <stdlib.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/lock.h"
#include "base/proc.h"
#include "box/cgroup.h"
#include "container/environment.h"
#include "container/healthfile.h"
#include "container/record.h"
#include "container/resources.h"
#include "container/restartpolicy.h"
#include "container/upkeep.h"
#include "spec/config.h"

#define CONFIG "config.json"
#define LOCK "update.lock"

struct update {
	const struct request *request;
	struct record *record;
	struct buf old_config, config; /* "": there is none */
	struct spec old_spec, spec;
	struct upkeep old_upkeep, upkeep;
	bool limits, plan,
		kept; /* what is asked for: of the kernel, of config.json, of upkeep.json */
};

static bool changes_environment(const struct request *request)
{
	return request->env.n + request->env_files.n + request->unsetenv.n != 0;
}

int update_check(const struct request *request)
{
	struct restart_policy policy;

	if (!resources_are_given(request) && !changes_environment(request) &&
	    !health_request_given(&request->health) && request->restart == NULL) {
		refuse("there is nothing to update");
		hint("give at least one option; 'berth update --help' lists them");
		return -EINVAL;
	}
	return restart_policy_parse(request->restart, &policy);
}

/* --- what it is to be ------------------------------------------------------------------------- */

static int load(struct update *update)
{
	const struct record *record = update->record;
	int there = fs_exists(record->dirfd, CONFIG);

	TRY(there);
	/* One of --rm has its plan only once it has run for a moment. */
	if (there == 0)
		return refuse_with(ESRCH, "the container '%s' is just being started", record->name);
	TRY(fs_read_file(record->dirfd, CONFIG, MAX_STATE_FILE, &update->old_config));
	TRY(config_read_whole(update->old_config.data, update->old_config.len, &update->old_spec));
	TRY(config_read_whole(update->old_config.data, update->old_config.len, &update->spec));
	TRY(upkeep_load(record, &update->old_upkeep));
	return upkeep_load(record, &update->upkeep);
}

static int plan_environment(struct update *update)
{
	struct spec_process *process = &update->spec.process;
	AUTO(strvec) env = STRVEC_INIT;

	TRY(environment_given(update->request, &process->env, &env));
	strvec_release(&process->env);
	process->env = env;
	env = (struct strvec)STRVEC_INIT;
	return 0;
}

static int check_restart(const struct update *update)
{
	const struct record *record = update->record;
	const struct health_config *health = &update->upkeep.health;
	struct restart_policy policy;

	if (!record->ephemeral && !record->auto_remove)
		return 0;
	TRY(restart_policy_parse(update->upkeep.restart, &policy));
	if (policy.kind != RESTART_NO)
		return refuse("--restart %s: a container of --rm goes when it ends",
			      update->upkeep.restart);
	if (health->on_failure == HEALTH_ACTION_RESTART || health->startup_retries != 0)
		return refuse("%s: a container of --rm is not started again",
			      health->startup_retries != 0 ? "--health-startup-retries"
							   : "--health-on-failure restart");
	return 0;
}

static int plan(struct update *update)
{
	const struct request *request = update->request;

	update->limits = resources_are_given(request);
	update->plan = update->limits || changes_environment(request);
	update->kept = health_request_given(&request->health) || request->restart != NULL;
	if (update->limits)
		TRY(resources_update(request, &update->spec.cgroup));
	if (changes_environment(request))
		TRY(plan_environment(update));
	if (health_request_given(&request->health))
		TRY(health_request_apply(&request->health, &update->upkeep.health));
	if (request->restart != NULL)
		xreplace(&update->upkeep.restart, request->restart);
	TRY(check_restart(update));
	return config_write(&update->spec, update->spec.root.path, &update->config);
}

/* --- making it so ----------------------------------------------------------------------------- */

static int write_files(const struct update *update)
{
	const struct record *record = update->record;

	if (update->kept)
		TRY(upkeep_save(record, &update->upkeep));
	if (update->plan)
		TRY(fs_replace_file(record->dirfd, CONFIG, update->config.data, update->config.len,
				    0600, false));
	return 0;
}

/* The error that is recorded is why. */
static void put_back(const struct update *update)
{
	const struct record *record = update->record;
	AUTO(err_kept) kept = err_keep();

	if (update->kept)
		(void)upkeep_save(record, &update->old_upkeep);
	if (update->plan)
		(void)fs_replace_file(record->dirfd, CONFIG, update->old_config.data,
				      update->old_config.len, 0600, false);
	err_restore(&kept);
}

/* Of the kernel, where it runs. */
static int set_limits(const struct update *update)
{
	const struct record *record = update->record;
	struct cgroup cgroup = CGROUP_INIT;
	int rc;

	TRY(cgroup_find(record->cgroup != NULL ? record->cgroup : "", &cgroup));
	rc = cgroup_update(&cgroup, record->pid, &update->old_spec.cgroup.resources,
			   &update->spec.cgroup.resources);
	/* Who removes its cgroup does not know of what was just made. */
	if (rc >= 0 && !proc_is_alive(record->pid, record->pid_start))
		(void)cgroup_remove(&cgroup);
	cgroup_release(&cgroup);
	return rc;
}

static int apply_running(const struct update *update)
{
	const struct record *record = update->record;

	if (update->limits && record->pid > 0)
		TRY(set_limits(update));
	return upkeep_tell(record);
}

static int apply_ended(const struct update *update)
{
	struct record *record = update->record;

	if (!health_is_on(&update->upkeep.health))
		healthfile_drop(record);
	if (update->request->restart == NULL)
		return 0;
	xreplace(&record->restart, update->request->restart);
	return record_save(record);
}

static int apply(const struct update *update)
{
	int rc = write_files(update);

	if (rc >= 0)
		rc = update->record->locked ? apply_ended(update) : apply_running(update);
	if (rc < 0)
		put_back(update);
	return rc;
}

static void update_release(struct update *update)
{
	buf_release(&update->old_config);
	buf_release(&update->config);
	spec_release(&update->old_spec);
	spec_release(&update->spec);
	upkeep_release(&update->old_upkeep);
	upkeep_release(&update->upkeep);
}

int update_container(const struct host *host, const struct request *request, const char *name)
{
	AUTO(record) record = RECORD_INIT;
	autoclose int lock = -1;
	AUTO(update)
	update = {
		.request = request,
		.record = &record,
		.old_config = BUF_INIT,
		.config = BUF_INIT,
		.old_upkeep = UPKEEP_INIT,
		.upkeep = UPKEEP_INIT,
	};

	spec_init(&update.old_spec);
	spec_init(&update.spec);
	TRY(record_find(host, name, &record));
	lock = lock_take(record.dirfd, LOCK, LOCK_EXCLUSIVE, name);
	TRY(lock);
	/* Nobody starts it meanwhile. */
	if (record.status != RECORD_RUNNING)
		TRY(record_take(&record));
	TRY(fail_in(load(&update), "container '%s'", record.name));
	TRY(fail_in(plan(&update), "container '%s'", record.name));
	return fail_in(apply(&update), "container '%s'", record.name);
}
