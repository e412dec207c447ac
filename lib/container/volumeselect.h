/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_VOLUMESELECT_H
#define BERTH_CONTAINER_VOLUMESELECT_H

#include "container/volume.h"

/*
 * --filter KEY=VALUE of commands on volumes: several values of one key are alternatives (labels and
 * options: all must hold), several keys must all hold; KEY!=VALUE for what must not be.
 *
 *	name		a regular expression that is found in it
 *	label, opt	KEY, or KEY=VALUE
 *	driver, scope	local
 *	dangling	true: no container has it
 *	anonymous	true: it was made for a container that gave it no name
 *	until		made before this time: as units_parse_moment() takes it
 *	since		made after this volume (also called after)
 */
struct volume_selection {
	struct {
		struct volume_rule *v;
		size_t n;
	} rules;
};

int volumeselect_parse(const struct store *store, const struct strvec *filters,
		       struct volume_selection *ret_selection);
/* users: how many containers have it. */
bool volumeselect_matches(const struct volume_selection *selection, const struct volume *volume,
			  size_t users);
void volume_selection_release(struct volume_selection *selection);

#endif
