/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_SECCOMP_H
#define BERTH_BOX_SECCOMP_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

#include "box/pass.h"
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
 * opened or loaded. SECCOMP_UNCONFINED without fake_owner does nothing. *ret_pass is for the exec.
 */
int seccomp_install(const struct spec *spec, struct pass *ret_pass);

/*
 * Compile the profile at `path` (docker's seccomp.json: defaultAction, defaultErrnoRet, archMap,
 * syscalls with args, includes and excludes) for the capabilities in spec->process.caps, and put
 * the filter into spec->seccomp. System calls that libseccomp does not know are ignored, as docker
 * does; everything else that is wrong is an error with its place in the document. Actions that need
 * a listener are refused.
 *
 * The result is kept in cache_dir (made where it is missing; NULL: nowhere) under the profile, the
 * capabilities, the architecture and what tells one libseccomp from another; what is found there
 * costs no loading of libseccomp.
 */
int seccomp_compile(const char *path, const char *cache_dir, struct spec *spec);

/*
 * The same for linux.seccomp of a bundle (spec->seccomp.profile, where bundleconfig_read() has put
 * it); 0 where there is none. Between that and box_spawn() or box_join(). A filter that has a
 * listener (spec->seccomp.notifies) is installed by box/listener.h.
 */
int seccomp_compile_part(const char *cache_dir, struct spec *spec);

/* The default filter for a bounding set: what seccomp_install() uses and tests interpret. ret has
 * room for SECCOMP_DEFAULT_MAX instructions; returns their number. */
#define SECCOMP_DEFAULT_MAX 2048
unsigned short seccomp_default(uint64_t caps, struct sock_filter *ret);
/* Install a filter as it is; with SECCOMP_FILTER_FLAG_NEW_LISTENER that returns a descriptor. */
int seccomp_set(const struct sock_filter *filter, unsigned short len);
int seccomp_set_flags(const struct sock_filter *filter, unsigned short len, uint32_t flags);
/* SECCOMP_FILTER_FLAG_* for a profile. */
uint32_t seccomp_flags(const struct spec_seccomp *seccomp);
/* Does the kernel know this SECCOMP_FILTER_FLAG_*? */
bool seccomp_has_flag(uint32_t flag);

#endif
