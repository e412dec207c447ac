/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_USHER_H
#define BERTH_BOX_USHER_H

#include "box/ns.h"

/*
 * Who leads the child into a user namespace that exists.
 *
 * The namespaces that are made belong to the user namespace that their maker is in, so the child of
 * a container that joins one cannot be born from outside of it: its root would have no rights in
 * its own mounts and network. The parent must not go there itself, because nobody comes back. So
 * it starts an usher, who goes and gives birth to the child as his sibling (CLONE_PARENT): the
 * child is the parent's, as any other, and the usher ends.
 *
 * Namespaces that have paths are joined before the user namespace, by the rights of the caller;
 * those that he may not join come after it, by the rights that he has in there.
 *
 * From before he goes in, the usher is not dumpable, and nor is the child: whoever is in that user
 * namespace may have every capability in it, and would find berth's own file through them.
 */

/* Only where the user namespace has a path, or where root makes one and joins others that may be
 * the host's. */
bool usher_is_needed(const struct spec *spec);
/* As ns_clone(). */
pid_t usher_clone(const struct spec *spec, struct ns_birth *birth);

#endif
