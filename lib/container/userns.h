/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_USERNS_H
#define BERTH_CONTAINER_USERNS_H

#include "base/idmap.h"
#include "container/request.h"

/*
 * --userns, --uidmap, --gidmap, --subuidname, --subgidname: which ids the container has. Without
 * any of them root's containers have no user namespace of their own, and those of ordinary users
 * have the maps of the store.
 *
 * An ordinary user's --uidmap speaks of the ids that he has: 0 is himself, 1 the first subordinate
 * id. "@ID" is an id of the host.
 */
struct userns {
	bool new;
	struct idmaps maps;
	bool as_store; /* the unpacked layers have the owners that these maps want */
	bool keep_id;
	uid_t uid; /* keep_id: the caller's ids inside */
	gid_t gid;
	struct {
		int *v;
		size_t n;
	} locks; /* auto: held as long as the range is used */
};

int userns_make(const struct host *host, enum tier tier, const struct idmaps *store,
		const struct request *request, struct userns *ret_userns);
void userns_release(struct userns *userns);

/* One --uidmap or --gidmap, "[+ug]INSIDE:[@]FROM[:COUNT]". */
struct mapping {
	bool extend;           /* '+': changes the default map instead of replacing it */
	bool for_uid, for_gid; /* 'u', 'g', or both */
	bool host;             /* '@' */
	uint32_t inside, from, count;
};
int mapping_parse(const char *text, struct mapping *ret_mapping);

#endif
