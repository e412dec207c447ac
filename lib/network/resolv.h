/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_NETWORK_RESOLV_H
#define BERTH_NETWORK_RESOLV_H

#include "base/buf.h"
#include "network/network.h"

/*
 * The contents of /etc/resolv.conf, /etc/hosts and /etc/hostname for a container. Values that would
 * break a line (newline, NUL, blank in a name) are refused by the parsers before.
 */
struct resolv {
	struct strvec servers, searches,
		options;     /* --dns, --dns-search, --dns-option; "none" in servers: no file */
	struct strvec hosts; /* --add-host as given: "name[;name]:ip", "name=ip"; ip may be
				host-gateway */
};

/* Check one --add-host and append it. */
int resolv_add_host(struct resolv *resolv, const char *text);
/* Check what --dns, --dns-search and --dns-option gave. */
int resolv_check(const struct resolv *resolv);
void resolv_release(struct resolv *resolv);

/* The host's resolv.conf (that of systemd-resolved's upstream servers where the host has its stub),
 * without loopback servers where the container has a network of its own; or what the options say.
 */
int resolv_write_conf(const struct resolv *resolv, const struct network *network, struct buf *out);
/* The same from the text of a resolv.conf. Its lines that say nothing valid are left out. */
void resolv_merge(const struct resolv *resolv, const struct network *network, const char *text,
		  struct buf *out);
/* localhost, the container's names, --add-host, host.docker.internal and host.containers.internal
 * where there is an address for them. */
int resolv_write_hosts(const struct resolv *resolv, const struct network *network,
		       const char *hostname, const char *name, struct buf *out);

#endif
