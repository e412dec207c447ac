/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_CGDRIVER_H
#define BERTH_BOX_CGDRIVER_H

#include "box/cgknob.h"
#include "box/cgroup.h"
#include "spec/spec.h"

/*
 * What the drivers of cgroup.h have in common. Functions that a driver has no need of are NULL. A
 * driver's make() gets a cgroup with nothing but the driver in it; where it fails, cgroup_make()
 * removes what it left.
 */
struct cgroup_driver {
	const char *name;
	int (*make)(const struct spec *spec, struct cgroup *cgroup);
	/* The path that make() chooses. */
	int (*place)(const struct spec *spec, char **ret_path);
	/* As cgroup_join(): pid is a process of it. */
	int (*join)(struct cgroup *cgroup, pid_t pid);
	/* As cgroup_adopt(). */
	int (*adopt)(const struct cgroup *cgroup, pid_t pid);
	int (*enter)(const struct cgroup *cgroup);
	int (*attach)(struct cgroup *cgroup, pid_t pid);
	int (*kill)(const struct cgroup *cgroup);
	int (*remove)(const struct cgroup *cgroup);
	/* Remove what has neither processes nor cgroups below it. Is nothing left to be killed?
	 * NULL: that is not cheaper than killing what there is. */
	bool (*is_vacated)(const struct cgroup *cgroup);
	/* For cgroup_discard(): see to it that the name can be taken again at once. */
	void (*vanish)(const struct cgroup *cgroup);
	int (*oom)(const struct cgroup *cgroup, bool *ret_oom, uint64_t *ret_peak);
	int (*freeze)(const struct cgroup *cgroup, bool frozen);
	bool (*is_frozen)(const struct cgroup *cgroup);
	/* As cgroup_update(). */
	int (*update)(const struct cgroup *cgroup, pid_t pid, const struct spec_resources *from,
		      const struct spec_resources *to);
	/* The directory that holds all of its processes. */
	int (*open)(const struct cgroup *cgroup);
	/* Append the names of the controllers that can be used, separated by blanks. */
	void (*describe)(struct buf *controllers);
};

extern const struct cgroup_driver cgroup_driver_none;
extern const struct cgroup_driver cgroup_driver_v1;
extern const struct cgroup_driver cgroup_driver_v2;
extern const struct cgroup_driver cgroup_driver_systemd;

/* Where the hierarchies are, by the convention that every distribution follows. */
#define CGROUP_ROOT "/sys/fs/cgroup"
/* Default parent of the containers of root. */
#define CGROUP_PARENT "/berth"

/*
 * The path that the cgroup will have below the root of a hierarchy: as spec->cgroup says, else
 * below `parent`. controller (NULL: v2) names the hierarchy in which --cgroups=split looks for our
 * own.
 */
int cgroup_place(const struct spec *spec, const char *parent, const char *controller,
		 char **ret_path);

/* How long processes that were killed, or are dying, are waited for before a cgroup is removed. */
#define CGROUP_WAIT_MS 1000

/* cgfreeze.c. In v1 most containers have no cgroup in the freezer's hierarchy before they are
 * paused the first time. */
int cgfreeze_v1(const struct cgroup *cgroup, bool frozen);
bool cgfreeze_is_v1(const struct cgroup *cgroup);
int cgfreeze_v2(const struct cgroup *cgroup, bool frozen);
bool cgfreeze_is_v2(const struct cgroup *cgroup);
/* That cgroup goes with the others. */
int cgfreeze_remove_v1(const struct cgroup *cgroup);

/* The directory of a v1 cgroup for a controller (enum controller), or -errno. */
int cgroup1_open(const struct cgroup *cgroup, size_t controller);
/* The first one of those that it has. */
int cgroup1_open_any(const struct cgroup *cgroup);
/* For drivers that write to the directory of a v2 cgroup. */
int cgroup2_join(struct cgroup *cgroup, pid_t pid);
int cgroup2_open(const struct cgroup *cgroup);
int cgroup2_update(const struct cgroup *cgroup, pid_t pid, const struct spec_resources *from,
		   const struct spec_resources *to);
int cgroup2_kill(const struct cgroup *cgroup);
int cgroup2_oom(const struct cgroup *cgroup, bool *ret_oom, uint64_t *ret_peak);
void cgroup2_describe(struct buf *controllers);
/* The controllers that a file of an open cgroup names, a bit mask by enum controller. */
unsigned int cgroup2_controllers(int dirfd, const char *file);
/* A controller is not there for us: refused, with what to change. */
int cgroup2_missing(const struct knobs *knobs, unsigned int controllers);
/* memory.checkBeforeUpdate: refused where the new limit is below what is in use. */
int cgroup2_check_memory(const struct spec_resources *resources, int dirfd);
/* Install the rules of devices, where they are needed and can be. */
int cgroup2_allow_devices(const struct spec *spec, int dirfd);

#endif
