/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_PROFILE_TREE_H
#define BERTH_BOX_PROFILE_TREE_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

#include "box/profile/table.h"

/*
 * From the table to a filter: for each architecture a search tree over ranges of system call
 * numbers that share a verdict. Two things cost time when a filter is installed: its length (the
 * kernel checks and translates it) and the mean length of a path (since Linux 5.11 it walks the
 * filter once for every number it has, to know which calls need no filter at all). So neighbours of
 * one verdict become one range, equal ends are shared, and the tree is the one of least total path
 * length. That of libseccomp has a leaf for every number, is four times as long and takes four
 * times the time.
 */
struct tree_filter {
	struct sock_filter *v;
	size_t n;
};

/*
 * tokens: of libseccomp (SCMP_ARCH_X86_64, ...), the native architecture first, ended by 0. caps:
 * the bounding set that it is for; NULL leaves the gates in. Returns 0, or -1 where an architecture
 * is not known.
 */
int tree_compile(const struct profile *profile, const uint32_t *tokens, const uint64_t *caps,
		 struct tree_filter *ret_filter);
void tree_release(struct tree_filter *filter);

/* The rule for a number, NULL where there is none; *ret_known tells whether the number means
 * anything at all. */
const struct profile_rule *tree_rule(const struct profile *profile, uint32_t token, int nr,
				     int *ret_known);
/* A verdict with its gate decided, unless caps is NULL. */
uint32_t tree_verdict(uint32_t verdict, const uint64_t *caps);
/* AUDIT_ARCH_* of a token, 0 if unknown. */
uint32_t tree_audit_arch(uint32_t token);

#endif
