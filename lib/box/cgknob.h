/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_CGKNOB_H
#define BERTH_BOX_CGKNOB_H

#include <stdbool.h>
#include <stddef.h>

#include "spec/spec.h"

/*
 * Limits as what is written to which file of a cgroup: struct spec_resources, in the terms of
 * config.json, to a list of struct knob, for version 1 or 2. Knows nothing of where cgroups are.
 */
enum controller {
	CONTROLLER_CPU,
	CONTROLLER_CPUSET,
	CONTROLLER_DEVICES, /* v1 only */
	CONTROLLER_IO,      /* "blkio" in v1 */
	CONTROLLER_MEMORY,
	CONTROLLER_PIDS,
	CONTROLLER_HUGETLB,
	CONTROLLER_MISC,
	CONTROLLER_RDMA,
	CONTROLLER_CORE, /* files of cgroup v2 itself, and of controllers that are not here */
	CONTROLLER_DMEM,
	/* v1 only: */
	CONTROLLER_CPUACCT,
	CONTROLLER_FREEZER,
	CONTROLLER_NET_CLS,
	CONTROLLER_NET_PRIO,
	CONTROLLER_PERF,
	CONTROLLER_SYSTEMD, /* systemd's own hierarchy, with no controller */
	CONTROLLER_MAX,
};

struct controller_info {
	const char *v1, *v2; /* NULL: not in this version */
};
extern const struct controller_info controller_table[CONTROLLER_MAX];

struct knob {
	enum controller controller;
	char *file;
	const char *other_file; /* to be taken where `file` does not exist; with other_value */
	char *value, *other_value;
	const char *what;     /* for messages: "memory limit" */
	const char *property; /* of linux.resources in a config.json: "memory.limit" */
	bool optional;        /* nobody asked for it: where it cannot be set, it is left */
};

struct knobs {
	struct knob *v;
	size_t n;
	bool exact; /* of a bundle: errors carry the property */
};

int knobs_v1(const struct spec_resources *resources, struct knobs *ret_knobs);
int knobs_v2(const struct spec_resources *resources, struct knobs *ret_knobs);
void knobs_release(struct knobs *knobs);
/* CPU shares of v1 as weight of v2. */
int64_t knob_cpu_weight(int64_t shares);
/* Append one; takes ownership of value. */
struct knob *knob_add(struct knobs *knobs, enum controller controller, const char *file,
		      char *value, const char *what, const char *property);
/* cgknobrest.c: those that only bundles have. */
int knobs_rest_v1(const struct spec_resources *resources, struct knobs *knobs);
int knobs_rest_v2(const struct spec_resources *resources, struct knobs *knobs);
/* The controllers that they need, a bit mask by enum controller; `required` leaves out optional
 * ones. */
unsigned int knobs_controllers(const struct knobs *knobs, bool required);
/*
 * Write those of `controller` (CONTROLLER_MAX: all) to a cgroup's directory. What is optional and
 * cannot be set is passed over; an error names the limit and the file.
 */
int knobs_write(const struct knobs *knobs, enum controller controller, int dirfd);
/* Record that error, and return rc. */
int knob_fail(const struct knobs *knobs, const struct knob *knob, int rc);
/* Prefix the recorded error with the property that needs one of these controllers; returns rc. */
int knobs_fail_in(const struct knobs *knobs, unsigned int controllers, int rc);

#endif
