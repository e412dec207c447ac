/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_SCRATCH_H
#define BERTH_CONTAINER_SCRATCH_H

#include <sys/types.h>

#include "base/host.h"
#include "base/idmap.h"
#include "container/record.h"

/*
 * What a container may write to: the upper layer of its overlay and its anonymous volumes. They
 * live on the store's file system, never below the runroot, which may be memory:
 *
 *	scratch/work/ID		of a container of --rm: the overlay's work directory, locked
 *	scratch/upper/ID	(flock(2)) by the supervisor; unlocked = garbage, with the other
 *	scratch/volumes/ID/N	others of the same ID; volumes/ID is locked (shared) by who has
 *				borrowed them (--volumes-from), and stays as long, with work/ID
 *	scratch/logs/ID
 *	containers/ID/work	of one that stays, likewise
 */

/* Make upper and work; mode: of the container's "/". box/ gives them to the container's root. */
int scratch_make(const struct host *host, struct record *record, mode_t mode, char **ret_upper,
		 char **ret_work);
/*
 * The lowest layer of every image: empty directories and files for what is mounted in each
 * container (/proc, /etc/hosts, ...). An image that lacks them would get them made in its upper
 * layer, and removed with it, each time. Made once: scratch/base.
 */
int scratch_make_base(const struct host *host, char **ret_path);
/* One more below that, for containers with secrets: it has the directory of those. */
int scratch_make_secrets_base(const struct host *host, char **ret_path);
/* Make another directory for an overlay or a volume, named `name`. maps: of the container's user
 * namespace (n == 0: none), whose root is to own it. */
int scratch_make_volume(const struct host *host, struct record *record, const struct idmaps *maps,
			const char *name, char **ret_path);
/* Make the root user of a container, by its maps, the owner of a directory of ours. */
int scratch_give_to_root(const struct host *host, const struct idmaps *maps, const char *path);
/* Keep the volumes that `source` is one of from going with their container, which is not `id`:
 * returns a descriptor that does as long as it is open, or 0 where it is no such volume. */
int scratch_borrow(const struct host *host, const char *id, const char *source);
/* The directory for the log of a container of --rm, and the path of its log. */
int scratch_make_log(const struct host *host, struct record *record);
char *scratch_log_path(const struct host *host, const char *id);
/* Where the writable layer of a container is, or would be; to be freed. */
char *scratch_upper(const struct host *host, const struct record *record);
/* What the writable layer takes on disk, as far as the caller may look into it. */
int scratch_usage(const struct host *host, const struct record *record, uint64_t *ret_bytes);
/* The kernel mounts an overlay that need not survive a crash (volatile) once: the mark that it
 * leaves in the work directory of a container of --rm is taken away. */
int scratch_renew(const struct host *host, const char *id);
/* Remove what belongs to the container of --rm. */
int scratch_remove(const struct host *host, const char *id);
/* Remove what is not locked: writable layers whose records are gone (a reboot empties the runroot).
 */
void scratch_sweep(const struct host *host);
/* Remove a tree that may hold files of any id of the caller's user namespaces. */
int scratch_remove_tree(const struct host *host, int dirfd, const char *path);

#endif
