/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_SPEC_NAMESPACE_H
#define BERTH_SPEC_NAMESPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What new namespaces start with. */

/* What a clock of a new time namespace is ahead of the host's. */
struct spec_clock {
	bool set;
	int64_t secs;
	uint32_t nanosecs;
};

enum clock_kind {
	CLOCK_KIND_MONOTONIC,
	CLOCK_KIND_BOOTTIME,
	CLOCK_KIND_MAX,
};

/* A network interface of the caller's that the container takes. */
struct spec_net_device {
	char *name;   /* on the host */
	char *rename; /* in the container; NULL: the same */
};

struct spec_net_devices {
	struct spec_net_device *v;
	size_t n;
};

#endif
