/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_SPEC_RESOURCES_H
#define BERTH_SPEC_RESOURCES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/vec.h"

/* The control group of a spec: which, and with what limits. */

struct spec_device_rule {
	bool allow;
	char type;            /* 'a', 'b', 'c' */
	int64_t major, minor; /* -1: all */
	char access[4];       /* "rwm" */
};

struct spec_throttle {
	unsigned int major, minor;
	uint64_t rate;
};

struct spec_throttles {
	struct spec_throttle *v;
	size_t n;
};

struct spec_keyvalue {
	char *key, *value;
};

struct spec_keyvalues {
	struct spec_keyvalue *v;
	size_t n;
};

/* A share of the bandwidth of one device. */
struct spec_weight {
	unsigned int major, minor;
	int64_t weight, leaf_weight;
};

struct spec_hugepages {
	char *size; /* "2MB" */
	uint64_t limit;
};

struct spec_rdma {
	char *device;
	int64_t handles, objects;
};

struct spec_priority {
	char *interface;
	uint32_t priority;
};

/* Limits, in the terms of config.json (those of cgroup v1); box/cgroup converts for v2. INT64_MIN:
 * not given. */
#define LIMIT_NONE INT64_MIN
struct spec_resources {
	int64_t memory_limit, memory_swap,
		memory_reservation;                /* bytes; -1: unlimited; swap is memory + swap */
	int64_t cpu_shares, cpu_quota, cpu_period; /* shares; microseconds */
	char *cpuset_cpus, *cpuset_mems;
	int64_t pids_limit; /* -1: unlimited */
	int64_t blkio_weight;
	struct spec_throttles read_bps, write_bps, read_iops, write_iops;
	struct spec_keyvalues unified; /* --cgroup-conf: file of cgroup v2 -> text */
	struct {
		struct spec_device_rule *v;
		size_t n;
	} devices;
	bool asked; /* the user asked for at least one limit: where it cannot be set is an error,
		       not silence */

	/* The rest is of bundles only. */
	bool exact; /* all that is here was asked for, nothing is a default; errors carry the path
		       of the property, and the container is in every hierarchy of v1 */
	int64_t cpu_burst, cpu_idle;
	int64_t cpu_rt_runtime, cpu_rt_period;
	int64_t memory_tcp;                          /* of sockets, in the kernel */
	int64_t memory_swappiness, memory_hierarchy; /* the latter: 0 or 1 */
	bool oom_kill_disable;
	bool memory_check; /* refuse a limit that is below what is in use */
	int64_t blkio_leaf_weight;
	int64_t net_class;
	struct {
		struct spec_weight *v;
		size_t n;
	} weights;
	struct {
		struct spec_hugepages *v;
		size_t n;
	} hugepages;
	struct {
		struct spec_rdma *v;
		size_t n;
	} rdma;
	struct {
		struct spec_priority *v;
		size_t n;
	} priorities;
};

enum cgroup_mode {
	CGROUP_ENABLED,
	CGROUP_DISABLED, /* --cgroups=disabled: stay in the caller's */
	CGROUP_SPLIT,    /* --cgroups=split: a child of the cgroup (unit) that we are in */
};

struct spec_cgroup {
	enum cgroup_mode mode;
	/* OCI cgroupsPath: absolute below the root of the hierarchy, or "slice:prefix:name" */
	char *path;
	char *parent; /* --cgroup-parent */
	struct spec_resources resources;
	bool systemd; /* --systemd-cgroup: a scope of its own, whatever the path */
};

void resources_init(struct spec_resources *resources);
void resources_release(struct spec_resources *resources);

void keyvalues_add(struct spec_keyvalues *list, const char *key, const char *value);
void keyvalues_release(struct spec_keyvalues *list);

#endif
