/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_OCI_RUNTIME_H
#define BERTH_OCI_RUNTIME_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/host.h"
#include "base/vec.h"

/*
 * berth as an OCI runtime (runtime-spec 1.2, runtime.md "Operations"; the command line is that of
 * runc(8)): what an engine asks for, each verb one function. They return 0 or more (run and exec:
 * the exit status of the process), or a negative errno with the error recorded in words that
 * engines look for.
 */
struct runtime {
	const struct host *host; /* borrowed */
	char *root;              /* where its containers are; absolute */
	bool systemd_cgroup;     /* cgroupsPath is "slice:prefix:name" */
	/* Called with what the specification has passed over and warned of. */
	void (*warn)(const void *arg, const char *text);
	const void *warn_arg; /* borrowed */
};

void runtime_warn(const struct runtime *runtime, const struct strvec *warnings);

void runtime_release(struct runtime *runtime);

/* The process that create, run and exec make. */
struct runtime_stdio {
	char *console_socket; /* path of a socket that gets the terminal's master; NULL */
	char *pid_file;       /* gets the process's number; NULL */
	char *pidfd_socket;   /* gets a descriptor of the process; NULL */
	int64_t preserve_fds; /* descriptors from 3 on */
};

struct runtime_create {
	char *bundle; /* directory; NULL: the current one */
	char *config; /* another file than config.json of it; NULL */
	struct runtime_stdio stdio;
	bool no_new_keyring;
	bool detach; /* run: return once the container runs */
	bool keep;   /* run: do not delete it at its end */
};

int runtime_create(const struct runtime *runtime, const struct runtime_create *request,
		   const char *id);
int runtime_run(const struct runtime *runtime, const struct runtime_create *request,
		const char *id);
int runtime_start(const struct runtime *runtime, const char *id);
/* all: every process in it, not only the first. */
int runtime_kill(const struct runtime *runtime, const char *id, int signal, bool all);
int runtime_delete(const struct runtime *runtime, const char *id, bool force);
int runtime_pause(const struct runtime *runtime, const char *id, bool paused);

struct runtime_exec {
	char *process; /* file with a process of the specification; NULL: as below */
	struct strvec args;
	char *cwd, *user; /* "UID[:GID]" */
	struct strvec env, caps, groups;
	bool terminal, detach, ignore_paused;
	int no_new_privileges; /* -1: as the container */
	char *apparmor, *label, *cgroup;
	struct runtime_stdio stdio;
};

int runtime_exec(const struct runtime *runtime, const struct runtime_exec *request, const char *id);

/* Write the configuration of a shell in a container into the bundle (NULL: the current directory),
 * for its owner to change; one that is there is refused. */
int runtime_spec(const struct runtime *runtime, const char *bundle, bool rootless);

#endif
