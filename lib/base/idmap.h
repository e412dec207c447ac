/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BASE_IDMAP_H
#define BERTH_BASE_IDMAP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/host.h"

/*
 * Identifier mappings of user namespaces (user_namespaces(7)) and the tiers of running without
 * privilege.
 *
 *	TIER_ROOT	the caller is root: no user namespace unless one is asked for
 *	TIER_RANGE	/etc/subuid and /etc/subgid give the caller ranges, and newuidmap(1) and
 *			newgidmap(1) work
 *	TIER_SINGLE	the caller's own ids are mapped to root, nothing else is; changes of
 *			ownership are faked
 *	TIER_NONE	user namespaces are forbidden; the error names the file or sysctl to change
 *
 * The maps of a store are stable for a user: layers are unpacked under them, so that files have
 * their mapped owners.
 */
enum tier {
	TIER_ROOT,
	TIER_RANGE,
	TIER_SINGLE,
	TIER_NONE,
};

struct idmap_range {
	uint32_t inside;  /* first id in the namespace */
	uint32_t outside; /* first id in the parent namespace */
	uint32_t count;
};

struct idmap {
	struct idmap_range *v;
	size_t n;
};

struct idmaps {
	struct idmap uid, gid;
};

void idmap_add(struct idmap *map, uint32_t inside, uint32_t outside, uint32_t count);
void idmap_release(struct idmap *map);
void idmaps_release(struct idmaps *maps);
/* The id outside that `inside` is mapped to, or -1 where it is not mapped (int64_t: every id fits).
 */
int64_t idmap_to_outside(const struct idmap *map, uint32_t inside);
int64_t idmap_to_inside(const struct idmap *map, uint32_t outside);

/*
 * The tier of the caller, found without starting anything: whether subordinate ranges exist and the
 * helpers are there, set-id or capable, and no_new_privs is off. TIER_RANGE may still turn out not
 * to work when the map is written; idmap_write() then says why. Reads only what it needs to.
 */
enum tier idmap_tier(const struct host *host);
const char *tier_name(enum tier tier);
/*
 * The maps of the caller's store: TIER_RANGE: 0 -> the caller, 1.. -> the subordinate ranges;
 * TIER_SINGLE: 0 -> the caller; TIER_ROOT: no map at all (n == 0).
 */
int idmap_for_store(const struct host *host, enum tier tier, struct idmaps *ret_maps);
/* Those of a process, from /proc/PID/FILE ("uid_map", "gid_map"): appended. */
int idmap_of_process(pid_t pid, const char *file, struct idmap *map);
/* The subordinate ranges of `name` or numeric uid in /etc/subuid (or subgid, by path): appended to
 * map with inside = 0, outside and count as in the file. Returns the number found. */
int idmap_read_subids(const char *path, const char *name, uid_t uid, struct idmap *ret_ranges);

/* May the caller make user namespaces, as far as the sysctls say? The error names the one that
 * forbids it and the fix. */
int idmap_check_userns(void);
/* Record why clone(2) or unshare(2) could not make a user namespace; err is its errno. Returns
 * -err. */
int idmap_explain(int err);
/* Find newuidmap or newgidmap and make sure that it can gain its privilege; *ret_path is to be
 * freed. */
int idmap_check_helper(const char *name, char **ret_path);

/* The command that gives a user ranges of 65536 ids that nobody has yet: "usermod --add-subuids ...
 * NAME". To be freed. */
char *idmap_suggest(const char *name, bool uids, bool gids);
/* The same for the caller, uids and gids. */
char *idmap_suggest_caller(void);

/*
 * Write the maps of `pid`, which is in a new user namespace that its parent (we) made: directly
 * where we may (root, or a single id that is our own; "deny" is written to setgroups first then),
 * else by newuidmap and newgidmap, both at the same time. The error names the cause and the fix.
 */
int idmap_write(pid_t pid, const struct idmaps *maps);

/*
 * Fork a child into a new user namespace with `maps` (none where maps->uid.n == 0) and a new mount
 * namespace, as root there, and run body(arg) in it; returns what body returned (>= 0: as given up
 * to 255; the error slot travels back for negative ones). For unpacking, removing trees with
 * foreign owners, and everything else that needs the mapped ids to touch the store.
 */
int idmap_run(const struct idmaps *maps, int (*body)(void *arg), void *arg);

#endif
