/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_APPLY_H
#define BERTH_IMAGE_APPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bounds.h"
#include "base/idmap.h"
#include "base/vec.h"
#include "image/sink.h"
#include "image/tar.h"

/*
 * From the entries of a layer's archive to a sink: OCI image-spec, layer.md. Here is what an
 * archive may say and what becomes of it.
 *
 *	names		relative to the root of the layer, a leading "/" and "." do not count; ".."
 *			is refused
 *	.wh.NAME	a whiteout of NAME; .wh..wh..opq: the directory is opaque; other names of
 *			aufs's own (.wh..wh.*) are passed over, with what is below them
 *	owners		as the numbers say; refused where the map has no such id
 *	devices		are not made, and links to them neither
 *	attributes	user.*, but none of overlayfs or of berth; security.capability; no others
 */
struct apply {
	struct sink *sink;
	const struct idmaps *maps; /* NULL, or ids that may be owners; none: all of them */
	uint64_t entries, devices, xattrs;
	struct strvec device_paths; /* that were left out */
	struct pax_xattr chosen[MAX_XATTRS];
};

/* All entries, and the sink's finish. */
int apply_archive(struct apply *apply, struct tar *tar);
void apply_release(struct apply *apply);

#endif
