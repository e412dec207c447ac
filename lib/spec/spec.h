/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_SPEC_SPEC_H
#define BERTH_SPEC_SPEC_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/idmap.h"
#include "base/vec.h"
#include "spec/hook.h"
#include "spec/mount.h"
#include "spec/namespace.h"
#include "spec/process.h"
#include "spec/rdt.h"
#include "spec/resources.h"

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
	bool mapped;               /* ROOT_DIRECTORY: its files are the mapped ids' already */
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
	char *profile;   /* linux.seccomp of a bundle as JSON, to be compiled; NULL: none */
	bool has_flags;
	uint32_t flags; /* SECCOMP_FILTER_FLAG_*, with has_flags; else SPEC_ALLOW */
	bool notifies;  /* `filter` has calls that an agent decides */
	bool passes;    /* it wants a way past it (box/pass.h) */
	char *listener_path, *listener_metadata; /* the agent's socket, and a word for it */
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
	struct {
		struct spec_secret *v;
		size_t n;
	} secrets; /* not in config.json */
	struct spec_ns ns[NS_MAX];
	struct idmaps idmaps; /* of the new user namespace */
	struct spec_cgroup cgroup;
	struct spec_seccomp seccomp;
	struct spec_keyvalues sysctl;
	struct spec_keyvalues annotations;
	struct spec_hooks hooks; /* not of berth's own containers */
	struct strvec masked_paths;
	struct strvec readonly_paths;
	bool privileged; /* all devices of the host, no masks, writable /sys */
	struct spec_clock clocks[CLOCK_KIND_MAX]; /* of the new time namespace */
	struct spec_net_devices net_devices;
	struct spec_personality personality;
	struct spec_memory_policy memory_policy;
	struct strvec warnings; /* what the reader has passed over: for who has a log */
	char *bundle;           /* absolute; of somebody else's config.json */
	char *mount_label;      /* SELinux context of the file systems that are made for it */
	struct spec_rdt rdt;
};

/* Everything zero but what has another neutral value (limits, umask). */
void spec_init(struct spec *spec);
void spec_release(struct spec *spec);
/* The process alone, so that another can take its place. */
void spec_release_process(struct spec *spec);
/* Overwrite and free the secrets: who has started the payload needs them no more. */
void spec_forget_secrets(struct spec *spec);

struct spec_mount *spec_add_mount(struct spec *spec, const char *type, const char *source,
				  const char *destination);

#endif
