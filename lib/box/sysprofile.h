/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_SYSPROFILE_H
#define BERTH_BOX_SYSPROFILE_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Profiles of system calls in docker's JSON, which is that of the OCI runtime-spec (linux.seccomp)
 * with names for sets of architectures and conditions: a rule may hold only with or without
 * capabilities (of the bounding set), on some architectures, from a kernel on.
 */
struct sysprofile {
	struct sock_filter *filter;
	unsigned short len;
};

/*
 * Compile by libseccomp, which is loaded for it. name stands in messages. Calls that are newer than
 * every call that the profile names fail with ENOSYS and not as its default says, so that programs
 * fall back to what it knows, as other runtimes do it.
 */
int sysprofile_compile(const char *bytes, size_t len, const char *name, uint64_t caps,
		       struct sysprofile *ret_profile);
void sysprofile_release(struct sysprofile *profile);

/* Version of libseccomp as text: part of what a compiled profile depends on. Loads it. */
int sysprofile_version(char *text, size_t size);

#endif
