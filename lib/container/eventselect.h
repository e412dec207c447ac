/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_EVENTSELECT_H
#define BERTH_CONTAINER_EVENTSELECT_H

#include <stdbool.h>

#include "container/event.h"

/*
 * --filter KEY=VALUE of `events`: several values of one key are alternatives, several keys must all
 * hold.
 *
 *	container	the name of a container, its ID, or four or more digits that begin it
 *	event		the action, in podman's words or docker's
 *	image		of images and containers: the name, with or without tag, or the ID
 *	label		KEY, or KEY=VALUE
 *	name		the name of what it is about
 *	type		container, image, volume, system
 *	volume		the name of a volume
 */
struct event_selection {
	struct {
		struct event_rule *v;
		size_t n;
	} rules;
};

int event_select_parse(const struct strvec *filters, struct event_selection *ret_selection);
bool event_select_matches(const struct event_selection *selection, const struct event *event);
void event_selection_release(struct event_selection *selection);

#endif
