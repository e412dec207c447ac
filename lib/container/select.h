/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_SELECT_H
#define BERTH_CONTAINER_SELECT_H

#include <stdbool.h>

#include "container/record.h"

/*
 * --filter KEY=VALUE of `ps`: several values of one key are alternatives (labels: all must hold),
 * several keys must all hold; KEY!=VALUE for what must not be.
 *
 *	id, name	a regular expression (extended) that is found in it
 *	label		KEY, or KEY=VALUE
 *	status		created, running, paused, exited
 *	exited		an exit status
 *	ancestor	the name of the image, with or without tag, or its ID
 *	before, since	a container, by name or ID
 *	volume		a path of the host, or a volume, that is mounted in it
 *	network		the mode of its network
 *	publish		a port of the host: PORT[-PORT][/PROTO]; likewise expose
 *	expose		a port of the container that its image exposes, or that is published
 *	restart-policy	no, on-failure, always, unless-stopped
 *	command		a regular expression (extended) that is found in its first word
 *	until		created before this time: as units_parse_moment() takes it
 */
struct selection {
	struct {
		struct select_rule *v;
		size_t n;
	} rules;
	bool all; /* some rule is about containers that do not run: they are wanted */
};

int select_parse(const struct host *host, const struct strvec *filters,
		 struct selection *ret_selection);
bool select_matches(const struct selection *selection, const struct record *record);
/* Is it the image of that name? "docker.io/library/busybox:latest" is meant by its last words, and
 * without its tag, as well. */
bool select_is_image(const char *image, const char *wanted);
void selection_release(struct selection *selection);

#endif
