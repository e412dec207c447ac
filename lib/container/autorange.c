/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/autorange.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/lock.h"

#define SLOT_ROOT 65536U
#define SLOT_USER 16384U
/* Between what systemd-nspawn takes and 2^31, which some programs take for negative. */
#define ROOT_FIRST 0x70000000U
#define ROOT_COUNT 0x0ffe0000U

static int root_pool(struct idmaps *pool)
{
	TRY(idmap_read_subids("/etc/subuid", "containers", UINT32_MAX, &pool->uid));
	TRY(idmap_read_subids("/etc/subgid", "containers", UINT32_MAX, &pool->gid));
	if (pool->uid.n != 0 && pool->gid.n != 0)
		return 0;
	idmaps_release(pool);
	idmap_add(&pool->uid, 0, ROOT_FIRST, ROOT_COUNT);
	idmap_add(&pool->gid, 0, ROOT_FIRST, ROOT_COUNT);
	return 0;
}

/* `count` ids of the pool, from number `first` on, as ids 0 and up. */
static void cut(const struct idmap *pool, uint32_t first, uint32_t count, struct idmap *out)
{
	uint32_t position = 0, inside = 0;

	for (size_t i = 0; i < pool->n && count != 0; i++) {
		const struct idmap_range *range = &pool->v[i];
		uint32_t skip = first > position ? first - position : 0;
		uint32_t n;

		position += range->count;
		if (skip >= range->count)
			continue;
		n = range->count - skip < count ? range->count - skip : count;
		idmap_add(out, inside, range->outside + skip, n);
		inside += n;
		count -= n;
		first += n;
	}
}

static uint32_t total(const struct idmap *pool)
{
	uint32_t count = 0;

	for (size_t i = 0; i < pool->n; i++)
		count += pool->v[i].count;
	return count;
}

static void unlock(struct userns *userns)
{
	for (size_t i = 0; i < userns->locks.n; i++)
		close(userns->locks.v[i]);
	userns->locks.n = 0;
}

/* Lock n slots from `first` on: 1, or 0 where one of them is taken. */
static int lock_slots(int dirfd, uint32_t first, uint32_t n, struct userns *userns)
{
	for (uint32_t i = 0; i < n; i++) {
		autofree char *name = xasprintf("%u", first + i);
		int lock = lock_try(dirfd, name, LOCK_EXCLUSIVE);

		if (lock < 0) {
			unlock(userns);
			return lock == -EWOULDBLOCK ? 0 : lock;
		}
		*VEC_PUSH(&userns->locks) = lock;
	}
	return 1;
}

int autorange_take(const struct host *host, const struct idmaps *pool, uint32_t size,
		   struct userns *userns)
{
	uint32_t slot = pool == NULL ? SLOT_ROOT : SLOT_USER, available, wanted;
	autofree char *path = xasprintf("%s/userns", host->runroot);
	AUTO(idmaps) own = { 0 };
	autoclose int dirfd = -1;

	if (pool == NULL) {
		TRY(root_pool(&own));
		pool = &own;
	}
	available = total(&pool->uid) < total(&pool->gid) ? total(&pool->uid) : total(&pool->gid);
	if (size == 0)
		size = available < SLOT_ROOT ? available : SLOT_ROOT;
	wanted = size / slot + (size % slot != 0);
	dirfd = fs_mkdirs_open(AT_FDCWD, path, 0700);
	TRY(dirfd);
	for (uint32_t first = 0; size <= available && first * slot <= available - size; first++) {
		int rc = lock_slots(dirfd, first, wanted, userns);

		TRY(rc);
		if (rc == 0)
			continue;
		cut(&pool->uid, first * slot, size, &userns->maps.uid);
		cut(&pool->gid, first * slot, size, &userns->maps.gid);
		return 0;
	}
	refuse("--userns auto: no %u ids are free", size);
	hint("%u are there in all (/etc/subuid, /etc/subgid); other containers have them, or ask "
	     "for fewer: --userns auto:size=4096",
	     available);
	return -ENOSPC;
}
