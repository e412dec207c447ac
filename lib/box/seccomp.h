/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_SECCOMP_H
#define BERTH_BOX_SECCOMP_H

#include <linux/filter.h>
#include <stdint.h>

#include "spec/spec.h"

/*
 * System call filters. The default profile is compiled when berth is built (box/profile) and lies
 * in the binary; what depends on granted capabilities is patched in when it is installed. Profiles
 * in docker's JSON format are compiled by libseccomp and kept by content.
 *
 * Where it belongs in the child: last. With no_new_privs set, after caps_apply() and right before
 * execve(2). Without it the kernel wants CAP_SYS_ADMIN, so it comes between caps_raise() and
 * caps_apply(); the default profile allows what berth itself still does after it.
 */

/*
 * Install the filter of spec->seccomp, and the one of fakeid.h on top of it with fake_owner. What
 * the default profile lets through follows from the bounding set of spec->process.caps. Nothing is
 * opened or loaded. SECCOMP_UNCONFINED without fake_owner does nothing.
 */
int seccomp_install(const struct spec *spec);

/*
 * Compile the profile at `path` (docker's seccomp.json: defaultAction, defaultErrnoRet, archMap,
 * syscalls with args, includes and excludes) for the capabilities in spec->process.caps, and put
 * the filter into spec->seccomp. System calls that libseccomp does not know are ignored, as docker
 * does; everything else that is wrong is an error with its place in the document. Actions that need
 * a listener are refused.
 *
 * The result is kept in cache_dir (made where it is missing; NULL: nowhere) under the digest of the
 * profile, the capabilities, the architecture and the version of libseccomp.
 */
int seccomp_compile(const char *path, const char *cache_dir, struct spec *spec);

/* The default filter for a bounding set: what seccomp_install() uses and tests interpret. ret has
 * room for SECCOMP_DEFAULT_MAX instructions; returns their number. */
#define SECCOMP_DEFAULT_MAX 2048
unsigned short seccomp_default(uint64_t caps, struct sock_filter *ret);
/* Install a filter as it is. */
int seccomp_set(const struct sock_filter *filter, unsigned short len);

#endif
