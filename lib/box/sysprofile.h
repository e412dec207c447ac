/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_SYSPROFILE_H
#define BERTH_BOX_SYSPROFILE_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Profiles of system calls as JSON: linux.seccomp of the OCI runtime-spec, or docker's files, which
 * add names for sets of architectures and conditions: a rule may hold only with or without
 * capabilities (of the bounding set), on some architectures, from a kernel on.
 */
struct sysprofile {
	struct sock_filter *filter;
	unsigned short len;
};

struct sysprofile_source {
	const char *bytes;
	size_t len;
	const char *name; /* for messages */
	uint64_t caps;    /* for the conditions */
	bool is_bundle;   /* the runtime-spec's: no conditions, and a listener may be asked for */
};

/*
 * Compile by libseccomp, which is loaded for it. Calls that are newer than every call that the
 * profile names fail with ENOSYS and not as its default says, so that programs fall back to what it
 * knows, as other runtimes do it. Architectures whose programs this kernel does not run are passed
 * over, and so are calls that libseccomp does not know.
 */
int sysprofile_compile(const struct sysprofile_source *source, struct sysprofile *ret_profile);
void sysprofile_release(struct sysprofile *profile);

/* Does it stop calls until a listener answers (SCMP_ACT_NOTIFY)? */
bool sysprofile_notifies(const struct sock_filter *filter, size_t len);

/* Version of libseccomp as text: part of what a compiled profile depends on. Loads it. */
int sysprofile_version(char *text, size_t size);

#endif
