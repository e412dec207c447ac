/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/userns.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/lock.h"
#include "base/units.h"
#include "container/autorange.h"

/*
 * Maps are made in two steps. The first is in terms of the ids that the caller has: for root those
 * of the host, for others the store's namespace (0: the caller, then the subordinate ids). The
 * second replaces them by the host's.
 */

/* All that the caller has. */
static void own_ids(const struct idmap *store, struct idmap *out)
{
	uint32_t count = 0;

	for (size_t i = 0; i < store->n; i++)
		count += store->v[i].count;
	idmap_add(out, 0, 0, store->n != 0 ? count : (uint32_t)MAX_ID + 1);
}

/* Replace the second column by ids of the host. */
static int compose(const struct idmap *map, const struct idmap *store, struct idmap *ret_map)
{
	for (size_t i = 0; i < map->n; i++) {
		struct idmap_range left = map->v[i];

		while (store->n != 0 && left.count != 0) {
			int64_t outside = idmap_to_outside(store, left.outside);
			uint32_t n = 1;

			if (outside < 0) {
				refuse("you have no id number %u", left.outside);
				hint("your ids are counted from 0, yourself; more are given by "
				     "/etc/subuid and /etc/subgid");
				return -EINVAL;
			}
			while (n < left.count &&
			       idmap_to_outside(store, left.outside + n) == outside + n)
				n++;
			idmap_add(ret_map, left.inside, (uint32_t)outside, n);
			left.inside += n;
			left.outside += n;
			left.count -= n;
		}
		if (store->n == 0)
			idmap_add(ret_map, left.inside, left.outside, left.count);
	}
	return 0;
}

int mapping_parse(const char *text, struct mapping *ret_mapping)
{
	struct mapping mapping = { .count = 1 };
	uint64_t inside, from, count = 1;
	AUTO(strvec) parts = STRVEC_INIT;
	const char *p = text;
	bool host;

	for (; *p == '+' || *p == 'u' || *p == 'g'; p++) {
		mapping.extend |= *p == '+';
		mapping.for_uid |= *p == 'u';
		mapping.for_gid |= *p == 'g';
	}
	if (!mapping.for_uid && !mapping.for_gid)
		mapping.for_uid = mapping.for_gid = true;
	strvec_split(&parts, p, ':');
	if (parts.n != 2 && parts.n != 3)
		return refuse("'%s' is not a mapping: CONTAINER-ID:HOST-ID[:COUNT]", text);
	host = parts.v[1][0] == '@';
	if (units_parse_u64(parts.v[0], MAX_ID, &inside) < 0 ||
	    units_parse_u64(parts.v[1] + (host ? 1 : 0), MAX_ID, &from) < 0 ||
	    (parts.n == 3 && units_parse_u64(parts.v[2], MAX_ID + 1, &count) < 0) || count == 0 ||
	    inside + count > MAX_ID + 1 || from + count > MAX_ID + 1)
		return refuse("'%s' is not a mapping: the numbers are from 0 to %llu, and the "
			      "count is at least 1",
			      text, MAX_ID);
	mapping.host = host;
	mapping.inside = (uint32_t)inside;
	mapping.from = (uint32_t)from;
	mapping.count = (uint32_t)count;
	*ret_mapping = mapping;
	return 0;
}

/* What is left of a range when the ids that another one uses, on either side, are taken out. */
static void subtract(const struct idmap_range *range, const struct idmap_range *cut,
		     struct idmap *out)
{
	int64_t inside = (int64_t)cut->inside - range->inside;
	int64_t outside = (int64_t)cut->outside - range->outside;
	const int64_t cuts[2] = { inside < outside ? inside : outside,
				  inside < outside ? outside : inside };
	int64_t from = 0;

	for (size_t i = 0; i < 2; i++) {
		int64_t end = cuts[i] < range->count ? cuts[i] : range->count;

		if (end > from)
			idmap_add(out, range->inside + (uint32_t)from,
				  range->outside + (uint32_t)from, (uint32_t)(end - from));
		if (cuts[i] + cut->count > from)
			from = cuts[i] + cut->count;
	}
	if (from < range->count)
		idmap_add(out, range->inside + (uint32_t)from, range->outside + (uint32_t)from,
			  (uint32_t)(range->count - from));
}

static void insert(const struct idmap_range *range, struct idmap *map)
{
	struct idmap rest = { 0 };

	for (size_t i = 0; i < map->n; i++)
		subtract(&map->v[i], range, &rest);
	idmap_add(&rest, range->inside, range->outside, range->count);
	idmap_release(map);
	*map = rest;
}

/* The mappings of one kind, in the caller's ids. */
static int add_mappings(const struct strvec *texts, bool uid, const struct idmap *store,
			struct idmap *map)
{
	for (size_t i = 0; i < texts->n; i++) {
		struct mapping mapping;
		struct idmap_range range;

		TRY(mapping_parse(texts->v[i], &mapping));
		if (!(uid ? mapping.for_uid : mapping.for_gid))
			continue;
		range = (struct idmap_range){ mapping.inside, mapping.from, mapping.count };
		if (mapping.host && store->n != 0) {
			int64_t own = idmap_to_inside(store, mapping.from);

			if (own < 0)
				return refuse("the id %u of the host is none of yours",
					      mapping.from);
			range.outside = (uint32_t)own;
		}
		if (mapping.extend && map->n == 0)
			own_ids(store, map);
		if (mapping.extend)
			insert(&range, map);
		else
			idmap_add(map, range.inside, range.outside, range.count);
	}
	return 0;
}

static int from_subids(const char *path, const char *name, struct idmap *map)
{
	uint32_t inside = 0;

	if (idmap_read_subids(path, name, UINT32_MAX, map) <= 0)
		return refuse("'%s' has no range for '%s'", path, name);
	for (size_t i = 0; i < map->n; i++) {
		map->v[i].inside = inside;
		inside += map->v[i].count;
	}
	return 0;
}

static int custom(const struct host *host, const struct idmaps *store,
		  const struct request *request, struct userns *userns)
{
	const struct strvec *uids = request->uidmap.n != 0 ? &request->uidmap : &request->gidmap;
	const struct strvec *gids = request->gidmap.n != 0 ? &request->gidmap : &request->uidmap;
	const char *uid_name =
		request->subuidname != NULL ? request->subuidname : request->subgidname;
	const char *gid_name =
		request->subgidname != NULL ? request->subgidname : request->subuidname;
	AUTO(idmaps) own = { 0 };

	if (uid_name != NULL && uids->n + gids->n == 0) {
		TRY(from_subids("/etc/subuid", uid_name, &userns->maps.uid));
		return from_subids("/etc/subgid", gid_name, &userns->maps.gid);
	}
	if (uid_name != NULL)
		return refuse("--subuidname and --subgidname cannot be combined with --uidmap and "
			      "--gidmap");
	TRY(fail_in(add_mappings(uids, true, &store->uid, &own.uid), "--uidmap"));
	TRY(fail_in(add_mappings(gids, false, &store->gid, &own.gid), "--gidmap"));
	TRY(fail_in(compose(&own.uid, &store->uid, &userns->maps.uid), "--uidmap"));
	return fail_in(compose(&own.gid, &store->gid, &userns->maps.gid), "--gidmap");
}

/* "uid=5,gid=6,size=7" */
static int parse_options(const char *text, const char *const *names, uint64_t *values, size_t n)
{
	AUTO(strvec) parts = STRVEC_INIT;

	if (*text == '\0')
		return 0;
	strvec_split(&parts, text, ',');
	for (size_t i = 0; i < parts.n; i++) {
		const char *equals = strchr(parts.v[i], '=');
		size_t j;

		for (j = 0; equals != NULL && j < n; j++)
			if (strncmp(parts.v[i], names[j], (size_t)(equals - parts.v[i])) == 0 &&
			    names[j][equals - parts.v[i]] == '\0')
				break;
		if (equals == NULL || j == n)
			return refuse("there is no option '%s'", parts.v[i]);
		TRY(units_parse_u64(equals + 1, MAX_ID, &values[j]));
	}
	return 0;
}

/* The caller has `id` inside; the ids below and above are subordinate ones, in their order. */
static int keep_one(const struct idmap *store, uint64_t id, uint64_t size, struct idmap *ret_map)
{
	AUTO(idmap) own = { 0 };
	AUTO(idmap) kept = { 0 };
	uint32_t total, keep = (uint32_t)id;

	own_ids(store, &own);
	total = own.v[0].count;
	if (size != 0 && size < total)
		total = (uint32_t)size;
	if (keep > 0 && total > 1)
		idmap_add(&kept, 0, 1, keep < total - 1 ? keep : total - 1);
	idmap_add(&kept, keep, 0, 1);
	if (keep + 1 < total)
		idmap_add(&kept, keep + 1, keep + 1, total - keep - 1);
	return compose(&kept, store, ret_map);
}

static int keep_id(const struct host *host, const struct idmaps *store, const char *options,
		   struct userns *userns)
{
	static const char *const names[] = { "uid", "gid", "size" };
	uint64_t values[] = { host->uid, host->gid, 0 };

	if (!host->rootless) {
		refuse("--userns keep-id is for ordinary users");
		hint("root is root without it; --userns auto gives a container ids of its own");
		return -EINVAL;
	}
	TRY(fail_in(parse_options(options, names, values, ARRAY_SIZE(values)), "--userns keep-id"));
	userns->keep_id = true;
	userns->uid = (uid_t)values[0];
	userns->gid = (gid_t)values[1];
	TRY(keep_one(&store->uid, values[0], values[2], &userns->maps.uid));
	return keep_one(&store->gid, values[1], values[2], &userns->maps.gid);
}

/* Everything the caller has but himself. */
static int nomap(const struct host *host, const struct idmaps *store, struct userns *userns)
{
	AUTO(idmaps) own = { 0 };

	if (!host->rootless)
		return refuse("--userns nomap is for ordinary users");
	own_ids(&store->uid, &own.uid);
	own_ids(&store->gid, &own.gid);
	if (own.uid.v[0].count < 2 || own.gid.v[0].count < 2) {
		autofree char *fix = idmap_suggest_caller();

		refuse("--userns nomap and auto need ids other than your own");
		hint("as root: %s", fix);
		return -EINVAL;
	}
	own.uid.v[0] = (struct idmap_range){ 0, 1, own.uid.v[0].count - 1 };
	own.gid.v[0] = (struct idmap_range){ 0, 1, own.gid.v[0].count - 1 };
	TRY(compose(&own.uid, &store->uid, &userns->maps.uid));
	return compose(&own.gid, &store->gid, &userns->maps.gid);
}

static int automatic(const struct host *host, const struct idmaps *store, const char *options,
		     struct userns *userns)
{
	static const char *const names[] = { "size" };
	AUTO(idmaps) pool = { 0 };
	uint64_t size = 0;

	TRY(fail_in(parse_options(options, names, &size, 1), "--userns auto"));
	if (!host->rootless)
		return autorange_take(host, NULL, (uint32_t)size, userns);
	TRY(nomap(host, store, userns));
	pool = userns->maps;
	userns->maps = (struct idmaps){ 0 };
	return autorange_take(host, &pool, (uint32_t)size, userns);
}

static bool same_map(const struct idmap *a, const struct idmap *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (a->v[i].inside != b->v[i].inside || a->v[i].outside != b->v[i].outside ||
		    a->v[i].count != b->v[i].count)
			return false;
	return true;
}

static int make(const struct host *host, const struct idmaps *store, const struct request *request,
		struct userns *userns)
{
	const char *text = request->userns != NULL ? request->userns : "";
	const char *colon = strchrnul(text, ':');
	size_t len = (size_t)(colon - text);
	const char *options = *colon == ':' ? colon + 1 : "";

	if (request->uidmap.n + request->gidmap.n != 0 || request->subuidname != NULL ||
	    request->subgidname != NULL)
		return custom(host, store, request, userns);
	if (strcmp(text, "") == 0 || strcmp(text, "host") == 0) {
		userns->new = host->rootless;
		for (size_t i = 0; i < store->uid.n; i++)
			*VEC_PUSH(&userns->maps.uid) = store->uid.v[i];
		for (size_t i = 0; i < store->gid.n; i++)
			*VEC_PUSH(&userns->maps.gid) = store->gid.v[i];
		return 0;
	}
	if (len == 7 && strncmp(text, "keep-id", len) == 0)
		return keep_id(host, store, options, userns);
	if (len == 4 && strncmp(text, "auto", len) == 0)
		return automatic(host, store, options, userns);
	if (strcmp(text, "nomap") == 0)
		return nomap(host, store, userns);
	return refuse("--userns '%s': host, keep-id[:uid=ID,gid=ID], auto[:size=N], or nomap",
		      text);
}

/* The files of an ordinary user's images belong to him and to his subordinate ids, and no ordinary
 * user can mount them with other owners. */
static int check_caller(const struct host *host, const struct userns *userns)
{
	if (!host->rootless || !userns->new ||
	    (idmap_to_inside(&userns->maps.uid, host->uid) >= 0 &&
	     idmap_to_inside(&userns->maps.gid, host->gid) >= 0))
		return 0;
	refuse("your own ids are not mapped into the container, and the files of images are yours");
	hint("--userns keep-id maps them and runs the payload with them; root can run containers "
	     "with any map");
	return -EINVAL;
}

int userns_make(const struct host *host, enum tier tier, const struct idmaps *store,
		const struct request *request, struct userns *ret_userns)
{
	AUTO(userns) userns = { .new = true };
	const char *text = request->userns != NULL ? "userns" : "uidmap";

	TRY(make(host, store, request, &userns));
	if (userns.new && (userns.maps.uid.n == 0 || userns.maps.gid.n == 0))
		return refuse("no id is mapped into the container");
	TRY(fail_in(check_caller(host, &userns), "--%s", text));
	/* What berth makes in the container, its devices for one, belongs to root there. */
	if (!host->rootless && userns.new &&
	    (idmap_to_outside(&userns.maps.uid, 0) < 0 ||
	     idmap_to_outside(&userns.maps.gid, 0) < 0))
		return refuse("--%s: root of the container, id 0, is not mapped", text);
	/* With a single id everything on disk is the caller's, whatever its number inside. */
	userns.as_store = tier == TIER_SINGLE || (same_map(&userns.maps.uid, &store->uid) &&
						  same_map(&userns.maps.gid, &store->gid));
	*ret_userns = userns;
	userns = (struct userns){ 0 };
	return 0;
}

void userns_release(struct userns *userns)
{
	idmaps_release(&userns->maps);
	for (size_t i = 0; i < userns->locks.n; i++)
		close(userns->locks.v[i]);
	free(userns->locks.v);
	*userns = (struct userns){ 0 };
}
