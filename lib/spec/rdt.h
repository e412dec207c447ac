/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_SPEC_RDT_H
#define BERTH_SPEC_RDT_H

#include <stdbool.h>

#include "base/vec.h"

/* Shares of caches and of memory bandwidth (linux.intelRdt; resctrl in the kernel's words). */
struct spec_rdt {
	bool given;
	char *clos;              /* NULL: a group of the container's own, by its ID */
	char *l3_cache, *mem_bw; /* "L3:0=f", "MB:0=20"; NULL */
	struct strvec schemata;  /* lines, written after these two */
	bool monitoring;         /* a group that only counts, below the other one */
};

void rdt_release(struct spec_rdt *rdt);

#endif
