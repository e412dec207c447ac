/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_REQUEST_H
#define BERTH_CONTAINER_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"
#include "container/healthrequest.h"
#include "image/pull.h"
#include "network/network.h"
#include "network/resolv.h"
#include "spec/spec.h"

/*
 * What the user asked for: filled by the options of `run` (and later by create and compose), read
 * by container/make. Values that need no context are checked by the option parser as they are met;
 * what depends on others is checked by request_check(), before anything is touched.
 */
struct request {
	/* image and command */
	char *image;
	struct strvec command; /* what follows the image */
	char *entrypoint;      /* --entrypoint: a string, or a JSON array; "" clears */
	bool entrypoint_given;
	char *platform;
	enum pull_policy pull;
	struct registry_request registry;
	struct progress_sink progress; /* of a pull */
	bool rootfs;                   /* --rootfs: image is a directory */

	/* process and stdio */
	bool interactive, tty, detach, init, sig_proxy, quiet;
	struct strvec attach;
	char *workdir, *user;
	struct strvec group_add;
	char *umask;
	struct strvec ulimits;
	int64_t oom_score_adj; /* LIMIT_NONE: not given */
	int64_t preserve_fds;  /* 3 .. 3 + N - 1 */
	uint64_t timeout;      /* microseconds; 0: none */
	char *tz;

	/* environment */
	struct strvec env, env_files, unsetenv;
	bool env_host, unsetenv_all, http_proxy;

	/* identity */
	char *hostname, *passwd_entry;
	struct resolv resolv;
	bool no_hosts, no_hostname;

	/* namespaces */
	char *userns, *subuidname, *subgidname;
	struct strvec uidmap, gidmap;
	char *pid, *ipc, *uts, *cgroupns;
	char *network;
	struct strvec publish;

	/* resources; OPT_SIZE and OPT_INT fields hold LIMIT_NONE where not given */
	int64_t memory, memory_swap, memory_reservation, shm_size;
	char *cpus, *cpuset_cpus, *cpuset_mems;
	int64_t cpu_shares, cpu_period, cpu_quota, pids_limit, blkio_weight;
	struct strvec read_bps, write_bps, read_iops, write_iops;
	char *cgroup_parent, *cgroups;
	struct strvec cgroup_conf, sysctl;

	/* mounts and devices */
	struct strvec volumes, mounts, tmpfs, devices;
	bool read_only, read_only_tmpfs;

	/* security */
	struct strvec cap_add, cap_drop, security_opt;
	bool privileged;

	/* lifecycle and metadata */
	char *name, *cidfile, *pidfile, *stop_signal;
	bool rm, replace;
	char *monitor_pidfile;
	int64_t stop_timeout; /* seconds; -1: not given */
	char *log_driver, *restart;
	struct strvec log_options;
	struct strvec labels, label_files, annotations;
	struct strvec secrets, requires;

	/* ours */
	bool dry_run;
	int64_t status_fd; /* -1: none */

	struct health_request health;

	struct strvec volumes_from;
	struct strvec remarks; /* of the option parser: what was ignored, and why */
};

void request_init(struct request *request);
void request_release(struct request *request);
/* Refuse what cannot be, whatever the image and the host are. */
int request_check(const struct request *request);
/* Files that are still used when the working directory is another. */
void request_make_absolute(struct request *request);

#endif
