/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_SYSCTL_H
#define BERTH_BOX_SYSCTL_H

#include "spec/spec.h"

/* Kernel parameters that belong to namespaces; all others are the host's and are refused. */

/*
 * In the child, in the new namespaces, before any mount that the container controls: write
 * spec->sysctl through procfd, the root of a full procfs instance of ours (subset=pid has no sys).
 * Nothing to do, and procfd may be -1, where none was given.
 */
int sysctl_apply(const struct spec *spec, int procfd);
/* Does every one of them belong to a namespace that the container has of its own? Refused
 * otherwise, naming the namespace that is missing. In the parent: one that is joined may be the
 * parent's own. */
int sysctl_check(const struct spec *spec);

#endif
