/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/passwd.h"
#include "base/proc.h"
#include "base/units.h"
#include "base/vec.h"

#define RANGE 65536 /* ids that a user is to be given */

/*
 * Theory of operation. A user namespace starts with no ids; its parent writes what they mean
 * outside to /proc/PID/uid_map and gid_map, once. The kernel lets an ordinary user map one id, his
 * own; more than that takes CAP_SETUID outside, which newuidmap(1) and newgidmap(1) have by their
 * set-user-ID bit or file capability, and which they use for the ranges that /etc/subuid and
 * /etc/subgid give the user. So the tier follows from files and flags, and only a change of the
 * machine between our look and the write can prove it wrong.
 *
 * The namespace must exist (clone or unshare in the child) before the maps are written, and the
 * maps must be there before the child touches a file: a file made too early belongs to the overflow
 * id. setgroups must be denied before an ordinary user may write gid_map.
 */

void idmap_add(struct idmap *map, uint32_t inside, uint32_t outside, uint32_t count)
{
	*VEC_PUSH(map) = (struct idmap_range){ inside, outside, count };
}

void idmap_release(struct idmap *map)
{
	free(map->v);
	*map = (struct idmap){ 0 };
}

void idmaps_release(struct idmaps *maps)
{
	idmap_release(&maps->uid);
	idmap_release(&maps->gid);
}

int64_t idmap_to_outside(const struct idmap *map, uint32_t inside)
{
	for (size_t i = 0; i < map->n; i++)
		if (inside >= map->v[i].inside && inside - map->v[i].inside < map->v[i].count)
			return (int64_t)map->v[i].outside + (inside - map->v[i].inside);
	return -1;
}

int64_t idmap_to_inside(const struct idmap *map, uint32_t outside)
{
	for (size_t i = 0; i < map->n; i++)
		if (outside >= map->v[i].outside && outside - map->v[i].outside < map->v[i].count)
			return (int64_t)map->v[i].inside + (outside - map->v[i].outside);
	return -1;
}

/* "NAME:FIRST:COUNT" of the user; lines that say something else are not ours to judge. */
static bool parse_subid(char *line, const char *name, const char *number, uint32_t *ret_first,
			uint32_t *ret_count)
{
	char *first = strchr(line, ':');
	char *count = first != NULL ? strchr(first + 1, ':') : NULL;
	uint64_t from, n;
	bool good;

	if (count == NULL)
		return false;
	*first++ = '\0';
	*count++ = '\0';
	if (strcmp(line, number) != 0 && (name == NULL || strcmp(line, name) != 0))
		return false;
	good = units_parse_u64(first, MAX_ID, &from) >= 0 &&
	       units_parse_u64(count, MAX_ID, &n) >= 0 && n > 0 && from + n - 1 <= MAX_ID;
	if (!good) {
		err_clear();
		return false;
	}
	*ret_first = (uint32_t)from;
	*ret_count = (uint32_t)n;
	return true;
}

int idmap_read_subids(const char *path, const char *name, uid_t uid, struct idmap *ret_ranges)
{
	autofree char *number = xasprintf("%u", uid);
	AUTO(buf) text = BUF_INIT;
	int rc = fs_read_file(AT_FDCWD, path, MAX_PASSWD, &text);
	int found = 0;

	if (rc == -ENOENT || rc == -EACCES) {
		err_clear();
		return 0;
	}
	TRY(rc);
	for (char *line = text.data, *next; *line != '\0'; line = next) {
		char *end = strchrnul(line, '\n');
		uint32_t first, count;

		next = *end == '\n' ? end + 1 : end;
		*end = '\0';
		if (line[0] == '#' || !parse_subid(line, name, number, &first, &count))
			continue;
		idmap_add(ret_ranges, 0, first, count);
		found++;
	}
	return found;
}

/* Move *first_id beyond the range of one line that overlaps it. */
static bool step_over(const char *line, uint64_t *first_id)
{
	unsigned long long first, count;

	if (sscanf(line, "%*[^:]:%llu:%llu", &first, &count) != 2 || first > MAX_ID ||
	    count > MAX_ID || *first_id >= first + count || *first_id + RANGE <= first)
		return false;
	*first_id = first + count;
	return true;
}

/* The first id of a range that overlaps none of the file's. */
static uint64_t find_free(const char *path)
{
	AUTO(strvec) lines = STRVEC_INIT;
	AUTO(buf) text = BUF_INIT;
	uint64_t first = 100000; /* as useradd(8) begins */
	bool moved;

	if (fs_read_file(AT_FDCWD, path, MAX_PASSWD, &text) < 0)
		err_clear();
	strvec_split(&lines, text.data, '\n');
	do {
		moved = false;
		for (size_t i = 0; i < lines.n; i++)
			moved |= step_over(lines.v[i], &first);
	} while (moved);
	return first;
}

char *idmap_suggest(const char *name, bool uids, bool gids)
{
	AUTO(buf) out = BUF_INIT;
	uint64_t uid = find_free("/etc/subuid"), gid = find_free("/etc/subgid");

	buf_add_str(&out, "usermod");
	if (uids)
		buf_addf(&out, " --add-subuids %llu-%llu", (unsigned long long)uid,
			 (unsigned long long)uid + RANGE - 1);
	if (gids)
		buf_addf(&out, " --add-subgids %llu-%llu", (unsigned long long)gid,
			 (unsigned long long)gid + RANGE - 1);
	buf_addf(&out, " %s", name != NULL ? name : "USER");
	return buf_steal(&out);
}

char *idmap_suggest_caller(void)
{
	autofree char *name = NULL;

	if (passwd_name(getuid(), &name) < 0)
		err_clear();
	return idmap_suggest(name, true, true);
}

/* The ranges of the caller, which may have none. */
static int read_ranges(const struct host *host, struct idmaps *ret_ranges)
{
	autofree char *name = NULL;

	if (passwd_name(host->uid, &name) < 0)
		err_clear();
	TRY(idmap_read_subids("/etc/subuid", name, host->uid, &ret_ranges->uid));
	TRY(idmap_read_subids("/etc/subgid", name, host->uid, &ret_ranges->gid));
	return 0;
}

int idmap_check_helper(const char *name, char **ret_path)
{
	static const char install[] =
		"install the package uidmap (Debian, Ubuntu) or shadow-utils (Fedora)";
	autofree char *path = proc_find(name);
	struct statvfs fs;
	struct stat st;

	if (path == NULL) {
		refuse_with(ENOENT, "%s is not installed", name);
		hint(install);
		return -ENOENT;
	}
	if (stat(path, &st) < 0 || statvfs(path, &fs) < 0)
		return fail("cannot look at '%s'", path);
	if (((st.st_mode & S_ISUID) == 0 || st.st_uid != 0) &&
	    getxattr(path, "security.capability", NULL, 0) <= 0) {
		refuse_with(EPERM, "'%s' has neither the set-user-ID bit nor a file capability",
			    path);
		hint("as root: chmod u+s %s", path);
		return -EPERM;
	}
	if ((fs.f_flag & ST_NOSUID) != 0) {
		refuse_with(EPERM, "'%s' is on a file system that is mounted nosuid", path);
		hint("mount it without the option nosuid");
		return -EPERM;
	}
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1) {
		refuse_with(EPERM, "'%s' cannot gain its privilege: no_new_privs is set", path);
		hint("start berth without no_new_privs (systemd: NoNewPrivileges=no)");
		return -EPERM;
	}
	*ret_path = steal(path);
	return 0;
}

static bool helpers_work(void)
{
	autofree char *newuidmap = NULL;
	autofree char *newgidmap = NULL;

	if (idmap_check_helper("newuidmap", &newuidmap) >= 0 &&
	    idmap_check_helper("newgidmap", &newgidmap) >= 0)
		return true;
	err_clear();
	return false;
}

enum tier idmap_tier(const struct host *host)
{
	AUTO(idmaps) ranges = { 0 };

	if (!host->rootless)
		return TIER_ROOT;
	if (idmap_check_userns() < 0) {
		err_clear();
		return TIER_NONE;
	}
	if (read_ranges(host, &ranges) >= 0 && ranges.uid.n > 0 && ranges.gid.n > 0 &&
	    helpers_work())
		return TIER_RANGE;
	err_clear();
	return TIER_SINGLE;
}

const char *tier_name(enum tier tier)
{
	static const char *const names[] = {
		[TIER_ROOT] = "root",
		[TIER_RANGE] = "range",
		[TIER_SINGLE] = "single",
		[TIER_NONE] = "none",
	};

	return names[tier];
}

/* 0 is the caller, 1 and up are the ranges one after the other. */
static void build_map(struct idmap *map, uint32_t own, const struct idmap *ranges)
{
	uint64_t inside = 1;

	idmap_add(map, 0, own, 1);
	for (size_t i = 0; i < ranges->n && inside <= MAX_ID; i++) {
		uint64_t count = ranges->v[i].count;

		if (count > MAX_ID - inside + 1)
			count = MAX_ID - inside + 1;
		idmap_add(map, (uint32_t)inside, ranges->v[i].outside, (uint32_t)count);
		inside += count;
	}
}

int idmap_for_store(const struct host *host, enum tier tier, struct idmaps *ret_maps)
{
	AUTO(idmaps) ranges = { 0 };
	int rc;

	*ret_maps = (struct idmaps){ 0 };
	if (tier == TIER_ROOT)
		return 0;
	if (tier == TIER_NONE) {
		rc = idmap_check_userns();
		return rc < 0 ? rc : refuse_with(EPERM, "user namespaces are forbidden here");
	}
	if (tier == TIER_RANGE)
		TRY(read_ranges(host, &ranges));
	build_map(&ret_maps->uid, host->uid, &ranges.uid);
	build_map(&ret_maps->gid, host->gid, &ranges.gid);
	return 0;
}

int idmap_of_process(pid_t pid, const char *file, struct idmap *map)
{
	autofree char *path = xasprintf("/proc/%d/%s", (int)pid, file);
	unsigned int inside, outside, count;
	AUTO(buf) text = BUF_INIT;
	int used;

	TRY(fs_read_file(AT_FDCWD, path, MAX_STATE_FILE, &text));
	for (const char *line = text.data;
	     sscanf(line, "%u %u %u%n", &inside, &outside, &count, &used) == 3; line += used)
		idmap_add(map, inside, outside, count);
	return 0;
}
