/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_FAKEID_H
#define BERTH_BOX_FAKEID_H

/*
 * Ownership in a user namespace that maps a single id. There chown(2) and setresuid(2) to any other
 * id fail with EINVAL, and with them package managers, tar and su. A small filter makes the calls
 * that change owners and ids report success without doing anything: everything stays root's, who is
 * the caller outside.
 */

/* Install it, after every change of ids that is meant. Needs what seccomp_install() needs. */
int fakeid_install(void);

#endif
