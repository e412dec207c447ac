/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_FAKEID_H
#define BERTH_BOX_FAKEID_H

#include <linux/filter.h>

#include "spec/spec.h"

/*
 * Ownership in a user namespace that maps a single id. There every change to another id fails with
 * EINVAL, and with it package managers, tar and su. A small filter on top of the profile makes the
 * calls that change owners and ids (chown, setuid, setgroups and their kin) report success without
 * doing anything where they name an id other than root: everything stays root's, who is the caller
 * outside. Calls that name root are the kernel's, with its errors. Device nodes are not faked: a
 * program that makes one wants to use it.
 *
 * Nobody loses anything by it. A process that believes to have given up root has not; but in such a
 * namespace there is nobody else to be, and root there is no more than the caller.
 */

/*
 * In the root, after the pivot and before it is sealed: apt(8) is the one program in wide use that
 * checks whether its ids have changed, and a filter cannot answer for another call. It is told not
 * to change them, by a file in /etc/apt/apt.conf.d, where that is. A root that is somebody's
 * directory is left as it is.
 */
int fakeid_settle(const struct spec *spec, int rootfd);

/* Install it, after every change of ids that is meant. Needs what seccomp_install() needs. */
int fakeid_install(void);

/* The filter, for tests to interpret; returns the number of instructions. */
#define FAKEID_MAX 256
unsigned short fakeid_filter(struct sock_filter *ret);

#endif
