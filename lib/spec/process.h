/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_SPEC_PROCESS_H
#define BERTH_SPEC_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/vec.h"
#include "spec/tuning.h"

/* The process of a spec: who runs what, with which rights. */

/* Who runs, before the root file system is there to ask: resolved by box/user. */
struct spec_user {
	char *text; /* "name[:group]" or "uid[:gid]" to be looked up in the root's passwd and group;
		       NULL: as below */
	uid_t uid;
	gid_t gid;
	struct strvec groups; /* --group-add: names or numbers, to be looked up likewise */
	bool keep_groups;     /* keep the caller's supplementary groups (setgroups is not called) */
	bool groups_given;    /* `groups` are all that there are: the gid is not added */
	uint32_t umask;       /* 0022 by default; UMASK_CALLER: that of who starts it */
	char *passwd_entry; /* --passwd-entry template; NULL: an entry is made up only where keep-id
			       wants one */
};

#define UMASK_CALLER UINT32_MAX

struct spec_rlimit {
	int resource; /* RLIMIT_* */
	rlim_t soft, hard;
};

/* Sets of capabilities as bit masks: bit N is capability N. */
struct spec_caps {
	uint64_t bounding, effective, permitted, inheritable, ambient;
};

struct spec_process {
	struct strvec args; /* argv; args.v[0] is searched in PATH of env inside the root */
	struct strvec env;  /* complete but for secret_env */
	char *cwd;          /* made where missing */
	struct spec_user user;
	struct spec_caps caps;
	struct {
		struct spec_rlimit *v;
		size_t n;
	} rlimits;
	bool terminal;   /* a pty from the container's own devpts */
	bool stdin_null; /* descriptor 0 is /dev/null (no -i) */
	bool stdin_keep; /* with terminal: descriptor 0 stays what it is, no terminal */
	bool own_stdio;  /* descriptors 0 to 2 that are pipes are the payload's user's */
	bool no_new_privileges;
	bool set_oom_score_adj;
	int oom_score_adj;
	char *apparmor_profile;
	char *selinux_label;
	int preserve_fds;         /* descriptors 3 .. 3 + N - 1 are passed on */
	bool init;                /* our init is PID 1 and the payload is its child */
	struct strvec secret_env; /* "NAME=VALUE", not in config.json; they win */
	bool check_command;       /* that it is there and can be executed, before the exec */
	bool set_home;            /* HOME comes from the root's passwd where env has none */
	unsigned short console_height, console_width; /* of the terminal; 0: as it is */
	bool new_keyring; /* a session keyring of the container's own (keyrings(7)) */
	struct spec_scheduler scheduler;
	struct spec_io_priority io_priority;
	struct spec_affinity affinity;
};

#endif
