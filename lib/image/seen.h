/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_SEEN_H
#define BERTH_IMAGE_SEEN_H

#include <stdbool.h>

/*
 * Documents that were followed. An index may name one index ten thousand times, and that one
 * manifest as often: whoever goes through all that an index leads to goes to each of them once. As
 * nesting is bounded, what was met deeper down was not followed as far: at a lower depth it is new
 * again.
 */
struct seen {
	void *tree; /* of struct document */
};

void seen_release(struct seen *seen);
bool seen_has(const struct seen *seen, const char *digest, int depth);
void seen_add(struct seen *seen, const char *digest, int depth);

#endif
