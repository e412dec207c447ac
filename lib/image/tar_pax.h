/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_TAR_PAX_H
#define BERTH_IMAGE_TAR_PAX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "image/tar_sparse.h"

/*
 * The extended header of a tar entry (pax(1), "pax Extended Header"): records "LENGTH KEY=VALUE\n".
 * Keys that do not matter for a file on Linux are passed over; a record that is malformed, or a
 * value that is, makes the whole header bad.
 */
struct pax_xattr {
	const char *name;
	const char *value; /* len bytes, and a NUL that does not count */
	size_t len;
};

struct pax {
	struct buf text;         /* the records; the pointers below point into it */
	const char *path, *link; /* NULL: not given */
	bool has_size, has_uid, has_gid, has_mtime;
	uint64_t size, uid, gid;
	int64_t mtime;
	uint32_t mtime_nsec;
	struct {
		struct pax_xattr *v;
		size_t n;
	} xattrs;
	/* GNU sparse files; the formats are those of the GNU tar manual, "Storing Sparse Files". */
	bool is_sparse, has_sparse_size;
	uint64_t sparse_major, sparse_size;
	const char *sparse_name, *sparse_map;
	struct sparse sparse; /* of format 0.0 */
};

/* Forget everything, keep the memory. */
void pax_clear(struct pax *pax);
void pax_release(struct pax *pax);
/* Take apart what the caller has put into pax->text after pax_clear(). With `global` (a header for
 * all entries that follow) only records that change nothing are let pass. */
int pax_parse(struct pax *pax, bool global);
/* After that: the value of a record, the last of that key, as it stands, with a NUL behind it; NULL
 * where there is none. */
const char *pax_value(const struct pax *pax, const char *key);
/* A time as of "mtime": seconds and nanoseconds after them. key is for the message. */
int pax_time(const char *key, const char *value, int64_t *ret_seconds, uint32_t *ret_nsec);

#endif
