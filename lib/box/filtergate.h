/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_FILTERGATE_H
#define BERTH_BOX_FILTERGATE_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

/* A verdict that depends on capabilities: the instruction that returns it, by index. For
 * box/profile/default_filter.h, which is generated. */
struct filter_gate {
	size_t index;
	uint64_t any_of;
	uint32_t granted, denied;
};

#endif
