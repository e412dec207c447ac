/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_ETC_H
#define BERTH_CONTAINER_ETC_H

#include "container/make.h"

/*
 * Files of the container's /etc that are made for it: resolv.conf, hosts, hostname. They are
 * written into the container's directory and mounted from there; a mount that the user put in the
 * same place, --no-hosts and the like leave them out.
 */
int etc_make(const struct host *host, const struct request *request, const char *hostname,
	     struct container *container);
/* They are mounted, and keep their contents without a name: less to remove at the end of a
 * container of --rm. */
void etc_unlink(const struct container *container);
/* --tz: the host's description of a time zone as /etc/localtime. */
int etc_make_timezone(const struct request *request, struct spec *spec);

#endif
