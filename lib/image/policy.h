/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_POLICY_H
#define BERTH_IMAGE_POLICY_H

#include "base/host.h"
#include "image/ref.h"

/*
 * Which images may be pulled: containers-policy.json(5), from
 * $XDG_CONFIG_HOME/containers/policy.json (~/.config; not for root) or else
 * /etc/containers/policy.json; without any, every image. Known are the requirements
 * insecureAcceptAnything and reject; a scope with any other, signatures among them, is refused, and
 * so is a file that cannot be read.
 */

/* 0, or -EPERM with the file and the scope that forbid it. transport: "docker", "docker-archive",
 * "oci", ...; ref NULL: no scope but the transport's own default. */
int policy_check(const struct host *host, const char *transport, const struct ref *ref);

#endif
