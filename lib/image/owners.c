/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/owners.h"

static uint32_t translate(const struct idmap *store, const struct idmap *container, uint32_t id)
{
	int64_t other = store->n != 0 ? idmap_to_outside(store, id) : id;

	if (other >= 0 && container->n != 0)
		other = idmap_to_inside(container, (uint32_t)other);
	return other >= 0 ? (uint32_t)other : OWNER_NOBODY;
}

void owners_apply(const struct owners *owners, size_t layer, struct stat *st)
{
	if (owners == NULL || owners->container->uid.n == 0 ||
	    (layer >= owners->written && owners->images_as_they_are))
		return;
	st->st_uid = translate(&owners->store->uid, &owners->container->uid, st->st_uid);
	st->st_gid = translate(&owners->store->gid, &owners->container->gid, st->st_gid);
}
