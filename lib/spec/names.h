/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_SPEC_NAMES_H
#define BERTH_SPEC_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "spec/spec.h"

/* Names of the kernel's and the specifications' values, one table each. */

/* Capabilities: "CAP_NET_RAW", "net_raw", "NET_RAW" -> bit number; "ALL" is not one. */
int cap_number(const char *name, int *ret_cap);
/* "CAP_NET_RAW"; NULL beyond the last one known. */
const char *cap_name(int cap);
#define CAP_COUNT 41 /* of Linux 5.9 and later */
#define CAP_ALL_MASK ((UINT64_C(1) << CAP_COUNT) - 1)

/* Resource limits: "nofile", "RLIMIT_NOFILE". */
int rlimit_number(const char *name, int *ret_resource);
const char *rlimit_name(int resource); /* "RLIMIT_NOFILE" */

/* Namespaces: the OCI type ("mount"), the clone flag, the file below /proc/PID/ns. */
struct ns_info {
	const char *type;
	const char *proc_name;
	uint64_t clone_flag;
};
extern const struct ns_info ns_table[NS_MAX];

/* Mount options of the OCI runtime-spec ("nosuid", "rro", "rshared", "rbind"): applies one to a
 * mount and returns true, or returns false for text that is data of the file system. */
bool mount_option_apply(struct spec_mount *mount, const char *option);

/* What else the runtime-spec has as mount options, which are words of bundles alone. */
enum mount_word {
	MOUNT_WORD_OTHER,   /* of mount_option_apply(), or of the file system */
	MOUNT_WORD_FS,      /* for every file system, which takes it as it is: "sync" */
	MOUNT_WORD_NOTHING, /* nothing is to be done for it: "silent" */
	MOUNT_WORD_REMOUNT,
};
enum mount_word mount_word(const char *option);
/* Every word that is known, of all kinds; NULL beyond the last one. */
const char *mount_option_name(size_t i);

/* The options of a mount as words, in the order of the table, data last. */
void mount_options_list(const struct spec_mount *mount, struct strvec *out);

#endif
