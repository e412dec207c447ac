/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_COMMAND_OCIVERB_H
#define BERTH_COMMAND_OCIVERB_H

#include "base/opt.h"
#include "oci/runtime.h"

/*
 * The verbs of `berth oci`, which is `berth-oci` by its other name: members of a group that has
 * options of its own, before the verb. Each verb takes them behind it as well, so that the group
 * only has to hand them on; its request begins with a struct ociverb.
 */
struct ociverb {
	char *root, *log;
	int log_format; /* enum ociverb_format */
	bool systemd_cgroup;
	char *rootless; /* taken and dropped: it follows from who calls */
};

enum ociverb_format {
	OCIVERB_TEXT,
	OCIVERB_JSON,
};

extern const struct opt ociverb_options[]; /* for the group */
extern const struct opt ociverb_hidden[];  /* the same, for a verb's tables */

/* Append a line to the file that an engine reads: the last error in it is what it tells its user.
 * Nothing where it has named none. level: "error", "warning". */
void ociverb_log(const struct ociverb *verb, const char *level, const char *text);

/* What the library wants to know, and where its warnings go: into the log, or else to stderr. */
int ociverb_runtime(const struct host *host, const struct ociverb *verb,
		    struct runtime *ret_runtime);

#endif
