/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_KEYRING_H
#define BERTH_BOX_KEYRING_H

#include "spec/spec.h"

/*
 * A session keyring, keyrings(7), so that the payload has none of the caller's keys: "_ses.ID", as
 * runc calls it, made by the child and joined by who joins the container. In the container's user
 * namespace, where it belongs to its root. Nothing to do without process.new_keyring, and fine
 * where the kernel has no keys.
 */
int keyring_join(const struct spec *spec);

#endif
