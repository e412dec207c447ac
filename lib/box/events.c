/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/events.h"

#include <sys/mount.h>

#include "base/err.h"
#include "box/tree.h"

unsigned long events_otherwise(const struct spec *spec)
{
	unsigned long root = spec->root.propagation;

	/* Unbindable comes last, with the root: mounts have to be cloned until then. */
	return (root & MS_REC) != 0 && (root & (MS_SHARED | MS_SLAVE)) != 0 ? root : 0;
}

bool events_are_wanted(const struct spec *spec, const struct spec_mount *mount)
{
	unsigned long kinds = mount->propagation != 0 ? mount->propagation : events_otherwise(spec);

	for (size_t i = 0; i < mount->before.n; i++)
		kinds |= mount->before.v[i];
	/* Of the root's kinds, "shared" is among the mounts of the container. */
	if (mount->propagation == 0)
		kinds &= ~(unsigned long)MS_SHARED;
	return (kinds & (MS_SHARED | MS_SLAVE)) != 0;
}

bool events_are_wanted_in_root(const struct spec *spec)
{
	return spec->root.kind == ROOT_DIRECTORY && (spec->root.propagation & MS_SLAVE) != 0;
}

static int apply(int tree, unsigned long kind, const char *name)
{
	const struct tree_change change = {
		.propagation = kind & ~(unsigned long)MS_REC,
		.recursive = (kind & MS_REC) != 0,
	};

	return tree_change(tree, &change, name);
}

int events_apply(int tree, const struct spec_mount *mount, unsigned long otherwise)
{
	const char *name = mount->destination;

	for (size_t i = 0; i < mount->before.n; i++)
		TRY(apply(tree, mount->before.v[i], name));
	return apply(tree, mount->propagation != 0 ? mount->propagation : otherwise, name);
}

int events_of_root(const struct spec *spec, int tree)
{
	/* What is mounted below must not be among the host's peers: who unmounts it in the
	 * container would do so on the host. */
	if (events_are_wanted_in_root(spec))
		return apply(tree, MS_SLAVE | MS_REC, "/");
	if ((spec->root.propagation & (MS_SHARED | MS_REC)) != (MS_SHARED | MS_REC))
		return 0;
	TRY(apply(tree, MS_SHARED | MS_REC, "/"));
	/* pivot_root(2) wants it so, and rootfs_seal() changes it. */
	return apply(tree, MS_PRIVATE, "/");
}
