/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/request.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/path.h"
#include "container/logdriver.h"
#include "container/names.h"
#include "container/restartpolicy.h"

void request_init(struct request *request)
{
	*request = (struct request){
		.sig_proxy = true,
		.read_only_tmpfs = true,
		.oom_score_adj = LIMIT_NONE,
		.memory = LIMIT_NONE,
		.memory_swap = LIMIT_NONE,
		.memory_reservation = LIMIT_NONE,
		.shm_size = LIMIT_NONE,
		.cpu_shares = LIMIT_NONE,
		.cpu_period = LIMIT_NONE,
		.cpu_quota = LIMIT_NONE,
		.pids_limit = LIMIT_NONE,
		.blkio_weight = LIMIT_NONE,
		.status_fd = -1,
		.stop_timeout = -1,
	};
	registry_request_init(&request->registry);
}

static void release_strings(struct request *r)
{
	char **const strings[] = {
		&r->image,
		&r->entrypoint,
		&r->platform,
		&r->workdir,
		&r->user,
		&r->umask,
		&r->tz,
		&r->hostname,
		&r->passwd_entry,
		&r->userns,
		&r->subuidname,
		&r->subgidname,
		&r->pid,
		&r->ipc,
		&r->uts,
		&r->cgroupns,
		&r->network,
		&r->cpus,
		&r->cpuset_cpus,
		&r->cpuset_mems,
		&r->cgroup_parent,
		&r->cgroups,
		&r->name,
		&r->cidfile,
		&r->pidfile,
		&r->stop_signal,
		&r->log_driver,
		&r->restart,
		&r->monitor_pidfile,
		&r->registry.authfile,
		&r->registry.creds,
		&r->registry.cert_dir,
	};

	for (size_t i = 0; i < ARRAY_SIZE(strings); i++) {
		free(*strings[i]);
		*strings[i] = NULL;
	}
}

void request_release(struct request *r)
{
	struct strvec *const lists[] = {
		&r->command,      &r->attach,    &r->group_add,    &r->ulimits,    &r->env,
		&r->env_files,    &r->unsetenv,  &r->uidmap,       &r->gidmap,     &r->publish,
		&r->read_bps,     &r->write_bps, &r->read_iops,    &r->write_iops, &r->cgroup_conf,
		&r->sysctl,       &r->volumes,   &r->mounts,       &r->tmpfs,      &r->devices,
		&r->cap_add,      &r->cap_drop,  &r->security_opt, &r->labels,     &r->label_files,
		&r->annotations,  &r->remarks,   &r->log_options,  &r->secrets,    &r->requires,
		&r->volumes_from,
	};

	release_strings(r);
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		strvec_release(lists[i]);
	resolv_release(&r->resolv);
	health_request_release(&r->health);
}

static int check_attach(const struct request *request)
{
	static const char *const streams[] = { "stdin", "stdout", "stderr" };

	for (size_t i = 0; i < request->attach.n; i++) {
		bool known = false;

		for (size_t j = 0; j < ARRAY_SIZE(streams); j++)
			known |= strcasecmp(request->attach.v[i], streams[j]) == 0;
		if (!known)
			return refuse("--attach '%s': stdin, stdout or stderr",
				      request->attach.v[i]);
	}
	return 0;
}

static int check_identity(const struct request *request)
{
	const char *hostname = request->hostname;
	bool maps = request->uidmap.n + request->gidmap.n != 0 || request->subuidname != NULL ||
		    request->subgidname != NULL;

	if (hostname != NULL && (*hostname == '\0' || strlen(hostname) > 63 ||
				 strspn(hostname, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRST"
						  "UVWXYZ0123456789.-_") != strlen(hostname)))
		return refuse("--hostname '%s': letters, digits, '-' and '.', at most 63",
			      hostname);
	if (hostname != NULL && request->uts != NULL && strcmp(request->uts, "private") != 0)
		return refuse("--hostname would rename the host: it needs --uts private");
	if (maps && request->userns != NULL)
		return refuse("--userns cannot be combined with --uidmap, --gidmap, --subuidname "
			      "and --subgidname");
	if (request->passwd_entry != NULL && strchr(request->passwd_entry, '\n') != NULL)
		return refuse("--passwd-entry: it is one line");
	return 0;
}

/* What would be written to a file that the image is to keep its own of. */
static int check_files(const struct request *request)
{
	const struct resolv *resolv = &request->resolv;

	if (request->no_hosts && resolv->hosts.n != 0)
		return refuse("--no-hosts leaves /etc/hosts alone: --add-host has no place there");
	if (strvec_has(&resolv->servers, "none") &&
	    resolv->servers.n + resolv->searches.n + resolv->options.n != 1)
		return refuse("--dns none leaves /etc/resolv.conf alone: other servers, "
			      "--dns-search and --dns-option have no place there");
	return 0;
}

static int check_log(const struct request *request)
{
	struct log_config config;

	TRY(log_config_parse(request->log_driver, &request->log_options, &config));
	if (request->detach || request->log_driver == NULL ||
	    (!log_is_file(config.kind) && config.kind != LOG_JOURNALD))
		return 0;
	refuse("--log-driver %s: a container in the foreground keeps no log", request->log_driver);
	hint("give -d, or send stdout and stderr where they belong ('| systemd-cat', a file)");
	return -EINVAL;
}

static int check_restart(const struct request *request)
{
	struct restart_policy policy;

	TRY(restart_policy_parse(request->restart, &policy));
	if (policy.kind == RESTART_NO)
		return 0;
	if (!request->detach) {
		refuse("--restart %s is for containers in the background", request->restart);
		hint("give -d, or let the service manager do it: Restart=%s in the unit that runs "
		     "berth",
		     policy.kind == RESTART_ON_FAILURE ? "on-failure" : "always");
		return -EINVAL;
	}
	if (request->rm)
		return refuse("--restart %s: a container of --rm goes when it ends",
			      request->restart);
	return 0;
}

int request_check(const struct request *request)
{
	if (request->detach && request->attach.n != 0)
		return refuse("--detach: there is nothing that --attach could pass on");
	TRY(check_log(request));
	TRY(check_restart(request));
	if (request->name != NULL)
		TRY(name_check(request->name));
	if (request->replace && request->name == NULL)
		return refuse("--replace needs --name");
	TRY(check_attach(request));
	TRY(check_files(request));
	return check_identity(request);
}

void request_make_absolute(struct request *request)
{
	char **const files[] = { &request->cidfile, &request->pidfile, &request->monitor_pidfile };
	autofree char *here = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		char *joined;

		if (*files[i] == NULL || **files[i] == '/')
			continue;
		if (here == NULL)
			here = getcwd(NULL, 0);
		if (here == NULL)
			return;
		joined = path_join(here, *files[i]);
		free(*files[i]);
		*files[i] = joined;
	}
}
