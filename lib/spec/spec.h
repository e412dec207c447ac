/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_SPEC_SPEC_H
#define BERTH_SPEC_SPEC_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/idmap.h"
#include "base/vec.h"

/*
 * What to run: the one value that every front end produces and box/ consumes, shaped like
 * config.json of the OCI runtime-spec 1.2 (names follow it; spec/config.h converts in both
 * directions). All pointers are owned by the spec and freed by spec_release(). NULL and empty mean
 * "not given". Every decision is made before a spec exists: box/ looks nothing up but what only the
 * mounted root file system can tell (the ids of a user name, the path of the command).
 */

enum ns_kind {
	NS_USER,
	NS_MOUNT,
	NS_PID,
	NS_IPC,
	NS_UTS,
	NS_NET,
	NS_CGROUP,
	NS_TIME,
	NS_MAX,
};

enum ns_mode {
	NS_HOST, /* stay in the caller's */
	NS_NEW,
	NS_JOIN, /* the one at `path` */
};

struct spec_ns {
	enum ns_mode mode;
	char *path; /* NS_JOIN only */
};

enum root_kind {
	ROOT_DIRECTORY, /* `path` is the root file system (OCI root.path) */
	ROOT_OVERLAY,   /* an overlay of `lower`, `upper`, `work` */
	ROOT_HOST, /* a throw-away overlay over the host's own /, kept in a tmpfs of the container
		    */
};

struct spec_root {
	enum root_kind kind;
	char *path;
	struct strvec lower; /* ROOT_OVERLAY: directories, the topmost first; absolute */
	char *upper, *work;  /* ROOT_OVERLAY: absolute; NULL: read-only overlay of lower alone.
			* ROOT_DIRECTORY: both NULL, or an overlay over path ("rootfs:DIR:O") */
	bool readonly;
	bool volatile_upper;       /* the overlay need not survive a crash of the host */
	unsigned long propagation; /* MS_PRIVATE, MS_SLAVE, ... with MS_REC; 0: private */
};

/* Who runs, before the root file system is there to ask: resolved by box/user. */
struct spec_user {
	char *text; /* "name[:group]" or "uid[:gid]" to be looked up in the root's passwd and group;
		       NULL: as below */
	uid_t uid;
	gid_t gid;
	struct strvec groups; /* --group-add: names or numbers, to be looked up likewise */
	bool keep_groups;     /* keep the caller's supplementary groups (setgroups is not called) */
	uint32_t umask;       /* 0022 by default */
	char *passwd_entry; /* --passwd-entry template; NULL: an entry is made up only where keep-id
			       wants one */
};

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
	struct strvec env;  /* complete */
	char *cwd;          /* made where missing */
	struct spec_user user;
	struct spec_caps caps;
	struct {
		struct spec_rlimit *v;
		size_t n;
	} rlimits;
	bool terminal;   /* a pty from the container's own devpts */
	bool stdin_null; /* descriptor 0 is /dev/null (no -i) */
	bool no_new_privileges;
	bool set_oom_score_adj;
	int oom_score_adj;
	char *apparmor_profile;
	char *selinux_label;
	int preserve_fds; /* descriptors 3 .. 3 + N - 1 are passed on */
	bool init;        /* our init is PID 1 and the payload is its child */
	bool set_home;    /* HOME comes from the root's passwd where env has none */
};

struct spec_mount {
	char *destination;
	char *type; /* "bind", "tmpfs", "proc", "sysfs", "devpts", "mqueue", "cgroup", "overlay" */
	char *source;      /* bind: absolute path on the host */
	bool recursive;    /* rbind */
	uint64_t attr_set; /* MOUNT_ATTR_* of mount_setattr(2) */
	uint64_t attr_clear;
	bool attr_recursive;       /* rro and friends: attributes of the mounts below as well */
	unsigned long propagation; /* MS_*, with MS_REC for the r-forms; 0: private, recursively */
	struct strvec data;        /* options of the file system: "size=64m" */
	struct strvec lower;       /* overlay (type=image, :O): topmost first */
	char *upper, *work;
	bool tmpcopyup;  /* tmpfs: starts with what the image has there */
	bool chown;      /* :U: make the payload's user the owner of the source */
	bool idmap;      /* idmapped into the container's user namespace */
	bool from_image; /* a VOLUME of the image: its target must not leave the root or cover
			    /proc, /sys, /dev */
};

struct spec_device {
	char *path;   /* in the container */
	char *source; /* on the host; NULL: same as path */
	char type;    /* 'c', 'b'; 'p' for a FIFO */
	unsigned int major, minor;
	uint32_t mode; /* permission bits */
	uid_t uid;
	gid_t gid;
};

struct spec_device_rule {
	bool allow;
	char type;            /* 'a', 'b', 'c' */
	int64_t major, minor; /* -1: all */
	char access[4];       /* "rwm" */
};

struct spec_throttle {
	unsigned int major, minor;
	uint64_t rate;
};

struct spec_throttles {
	struct spec_throttle *v;
	size_t n;
};

struct spec_keyvalue {
	char *key, *value;
};

struct spec_keyvalues {
	struct spec_keyvalue *v;
	size_t n;
};

/* Limits, in the terms of config.json (those of cgroup v1); box/cgroup converts for v2. INT64_MIN:
 * not given. */
#define LIMIT_NONE INT64_MIN
struct spec_resources {
	int64_t memory_limit, memory_swap,
		memory_reservation;                /* bytes; -1: unlimited; swap is memory + swap */
	int64_t cpu_shares, cpu_quota, cpu_period; /* shares; microseconds */
	char *cpuset_cpus, *cpuset_mems;
	int64_t pids_limit; /* -1: unlimited */
	int64_t blkio_weight;
	struct spec_throttles read_bps, write_bps, read_iops, write_iops;
	struct spec_keyvalues unified; /* --cgroup-conf: file of cgroup v2 -> text */
	struct {
		struct spec_device_rule *v;
		size_t n;
	} devices;
	bool asked; /* the user asked for at least one limit: where it cannot be set is an error,
		       not silence */
};

enum cgroup_mode {
	CGROUP_ENABLED,
	CGROUP_DISABLED, /* --cgroups=disabled: stay in the caller's */
	CGROUP_SPLIT,    /* --cgroups=split: a child of the cgroup (unit) that we are in */
};

struct spec_cgroup {
	enum cgroup_mode mode;
	char *path; /* OCI cgroupsPath: absolute below the hierarchy's root, or "slice:prefix:name"
		     */
	char *parent; /* --cgroup-parent */
	struct spec_resources resources;
};

enum seccomp_mode {
	SECCOMP_DEFAULT, /* the profile that is compiled into the binary */
	SECCOMP_PROFILE, /* `filter` */
	SECCOMP_UNCONFINED,
};

struct spec_seccomp {
	enum seccomp_mode mode;
	char *profile_path;         /* SECCOMP_PROFILE: for messages and records */
	struct sock_filter *filter; /* SECCOMP_PROFILE: compiled */
	unsigned short filter_len;
	bool fake_owner; /* TIER_SINGLE: ownership calls on top of the profile report success
			    (box/fakeid) */
};

struct spec {
	char *id;
	struct spec_root root;
	struct spec_process process;
	char *hostname, *domainname;
	struct {
		struct spec_mount *v;
		size_t n;
	} mounts; /* in the order they are to be mounted */
	struct {
		struct spec_device *v;
		size_t n;
	} devices; /* beyond the default ones */
	struct spec_ns ns[NS_MAX];
	struct idmaps idmaps; /* of the new user namespace */
	struct spec_cgroup cgroup;
	struct spec_seccomp seccomp;
	struct spec_keyvalues sysctl;
	struct spec_keyvalues annotations;
	struct strvec masked_paths;
	struct strvec readonly_paths;
	bool privileged; /* all devices of the host, no masks, writable /sys */
};

/* Everything zero but what has another neutral value (limits, umask). */
void spec_init(struct spec *spec);
void spec_release(struct spec *spec);

struct spec_mount *spec_add_mount(struct spec *spec, const char *type, const char *source,
				  const char *destination);
void keyvalues_add(struct spec_keyvalues *list, const char *key, const char *value);
void keyvalues_release(struct spec_keyvalues *list);
void spec_mount_release(struct spec_mount *mount);

#endif
