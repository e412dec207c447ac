/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_IMAGESELECT_H
#define BERTH_IMAGE_IMAGESELECT_H

#include <stdbool.h>

#include "image/catalog.h"
#include "image/summary.h"

/*
 * --filter KEY=VALUE of commands on images: several values of one key are alternatives (labels: all
 * must hold), several keys must all hold; KEY!=VALUE for what must not be.
 *
 *	reference	a pattern (glob(7)) for the name, with or without host, tag, library/
 *	dangling	true: it has no name
 *	label		KEY, or KEY=VALUE
 *	before, since	made before or after this image (since is also called after)
 *	until		made before this time: of RFC 3339, seconds since the epoch, or a duration
 *			before now
 *	containers	true: a container uses it
 *	readonly	true: none does, since berth has no store that is not to be written to
 *	id		the start of its ID
 *	manifest	true: its name means a manifest list
 *	intermediate	true: none is, since berth keeps no images that are only steps to others
 */
struct image_facts {
	const char *name; /* complete; NULL: none */
	const char *id;
	const struct summary *summary;
	bool used;
	bool list; /* its name means a manifest list */
};

struct image_selection {
	struct {
		struct image_rule *v;
		size_t n;
	} rules;
	bool asks_used; /* some rule looks at `used` */
};

/* allowed: which keys there are for this command: "label|until". catalog: to look up the images of
 * before and since; NULL where these are not among the keys. */
int imageselect_parse(const struct strvec *filters, const char *allowed,
		      const struct catalog *catalog, struct image_selection *ret_selection);
bool imageselect_matches(const struct image_selection *selection, const struct image_facts *facts);
void image_selection_release(struct image_selection *selection);
/* As the key reference. */
bool imageselect_reference(const char *name, const char *pattern);

#endif
