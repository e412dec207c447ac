/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_CGROUP_H
#define BERTH_BOX_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "spec/spec.h"

/*
 * Control groups, by drivers of one table:
 *
 *	cgroup2		v2, cgroupfs: the child is born in it (CLONE_INTO_CGROUP, Linux 5.7)
 *	cgroupsd	v2 through systemd: a transient scope over D-Bus, where the session is
 *			delegated to the user
 *	cgroup1		v1 and hybrid hierarchies, as root
 *	none		no cgroup is made: --cgroups=disabled, or none can be and no limit
 *			was asked for
 *
 * "none" is a driver: no caller tests for it. A limit that cannot be applied is an error that names
 * the file to change.
 */
struct cgroup_driver;
struct cgroup_unit;

struct cgroup {
	const struct cgroup_driver *driver; /* NULL before cgroup_make() */
	char *path; /* below the hierarchy's root, the same in every v1 hierarchy; NULL: none */
	int fd;     /* v2: the directory, for CLONE_INTO_CGROUP; -1 otherwise */
	unsigned int controllers; /* v1: bit mask of the hierarchies that are used */
	bool shared; /* of a bundle: processes of somebody else were there first. It is neither
			killed nor removed, nor frozen */
	struct cgroup_unit *unit; /* systemd: what cgroup_attach() is to start */
};

#define CGROUP_INIT \
	{ \
		.driver = NULL, .fd = -1 \
	}

/* Choose the driver, make the cgroup and set the limits. */
int cgroup_make(const struct spec *spec, struct cgroup *ret_cgroup);
/*
 * Is there a cgroup that the child has to move to itself, by cgroup_enter(), before anything else
 * and before its cgroup namespace? (v1.) This way nobody waits: neither the child for its parent,
 * nor the parent for a grace period of the kernel.
 */
bool cgroup_enters(const struct cgroup *cgroup);
int cgroup_enter(const struct cgroup *cgroup);
/* Of a container that runs, found by its name: get ready for another process to be born in it, as
 * after cgroup_make(). pid is one that it has; -ESRCH where it has ended. */
int cgroup_join(struct cgroup *cgroup, pid_t pid);
/* Where the kernel does not let us put a process there, because we are in a session that is not
 * delegated to us: have one of ours moved by systemd. */
bool cgroup_adopts(const struct cgroup *cgroup);
int cgroup_adopt(const struct cgroup *cgroup, pid_t pid);
/* Put a process there that was not born in it. For the child only where cgroup_attaches()
 * (systemd); nothing to do where there is no cgroup. */
bool cgroup_attaches(const struct cgroup *cgroup);
int cgroup_attach(struct cgroup *cgroup, pid_t pid);
/*
 * Of a container that runs, found by its name: change its limits from those that it was made with
 * (or last changed to), all or none. pid is its first process. With v1 it may get a cgroup in a
 * hierarchy in which it had none: who removes it is to be told by cgroup_forget().
 */
int cgroup_update(const struct cgroup *cgroup, pid_t pid, const struct spec_resources *from,
		  const struct spec_resources *to);
/* It may be in more hierarchies than it was made in. */
void cgroup_forget(struct cgroup *cgroup);
/* Kill every process in it (cgroup.kill, Linux 5.14, or by list until empty). */
int cgroup_kill(const struct cgroup *cgroup);
/* Remove it. Processes that are just dying are waited for, a second at the most; -EBUSY where they
 * need longer: whoever has its name should try again later. */
int cgroup_remove(struct cgroup *cgroup);
/* Did the kernel's OOM killer act in it? Peak memory in bytes, 0 if unknown. */
int cgroup_oom(const struct cgroup *cgroup, bool *ret_oom, uint64_t *ret_peak);
/* Stop every process in it, and let them go on (cgroup.freeze, or the freezer of v1). */
int cgroup_freeze(const struct cgroup *cgroup, bool frozen);
bool cgroup_is_frozen(const struct cgroup *cgroup);
/* Every process in it; *ret_pids is to be freed. */
int cgroup_procs(const struct cgroup *cgroup, pid_t **ret_pids, size_t *ret_n);
/* `what` needs a cgroup and there is none: refused (-EOPNOTSUPP), with how to get one. */
int cgroup_refuse_none(const char *what);
void cgroup_release(struct cgroup *cgroup);

/* A text that names it, for a record ("" where there is none), and the cgroup of such a text: what
 * a killed supervisor left can be killed and removed by it. */
void cgroup_name(const struct cgroup *cgroup, struct buf *out);
int cgroup_find(const char *name, struct cgroup *ret_cgroup);
/* Kill what is in the cgroup of that name and remove it. None there is fine; as cgroup_remove(). */
int cgroup_discard(const char *name);
/* The name that the cgroup of a container with this ID and no wishes has: of one whose supervisor
 * was killed before it could say. "" where it would have none, or one that goes by itself. */
int cgroup_guess(const char *id, struct buf *out);
/* The same of one with wishes. */
int cgroup_guess_of(const struct spec *spec, struct buf *out);

/* Is there a driver of this name, whatever this host has? */
bool cgroup_has_driver(const char *name);
/* For info and doctor: "v2", "v1", "hybrid", "none"; the driver that the caller would get;
 * controllers it may use. */
int cgroup_describe(bool rootless, struct buf *version, struct buf *driver,
		    struct buf *controllers);

#endif
