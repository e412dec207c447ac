/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_NETWORK_NETWORK_H
#define BERTH_NETWORK_NETWORK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/host.h"
#include "base/proc.h"
#include "base/vec.h"

/*
 * A network for a namespace. Drivers are rows of a table: none (a namespace with lo up), host, ns
 * (join by path), pasta.
 *
 *	network_parse()	the text of --network and of each -p, checked, before anything is touched
 *	network_start()	as soon as the namespaces exist: starts what the driver needs beside the
 *			mount work
 *	network_ready()	before the payload's exec: waits until it works
 *	network_stop()	after the end of the container (drivers whose helpers do not end with it)
 */
enum network_kind {
	NETWORK_NONE,
	NETWORK_HOST,
	NETWORK_NS,
	NETWORK_PASTA,
	NETWORK_BRIDGE, /* refused until networks exist */
};

/* One published port range: -p [IP:][HOST[-LAST]:]CONTAINER[-LAST][/PROTO] */
struct port {
	char *host_ip;      /* NULL: all addresses */
	uint16_t host_port; /* first; 0: any free one, until network_start() has chosen it */
	uint16_t host_last; /* HOST-LAST with a single container port: the first free one of them is
			       taken; 0 otherwise */
	uint16_t container_port; /* first */
	uint16_t count;
	char protocol[5]; /* "tcp", "udp", "sctp" */
};

struct network {
	enum network_kind kind;
	char *path;            /* NETWORK_NS */
	struct strvec options; /* of the driver: pasta's arguments */
	struct {
		struct port *v;
		size_t n;
	} ports;
	bool ports_ignored; /* -p with the host's network: nothing is to be published */
	/* state of the started driver */
	struct proc helper;
	struct strvec argv; /* of the helper */
	char *file;
	int ready;    /* readable when the helper works */
	int messages; /* what the helper has to say */
};

#define NETWORK_INIT \
	{ \
		.helper = PROC_INIT, .ready = -1, .messages = -1 \
	}

/* text NULL: the default for this caller (rootless: pasta; root: none). The network must be
 * NETWORK_INIT; ports that were added before stay. */
int network_parse(const struct host *host, const char *text, struct network *ret_network);
/* Parse one -p and append it. */
int network_add_port(struct network *network, const char *text);
/* After everything is parsed: combinations that cannot work (ports on none or ns are refused, on
 * host they are dropped and ports_ignored is set) and, for pasta, whether the program exists. */
int network_check(const struct host *host, struct network *network);
void network_release(struct network *network);
const char *network_name(enum network_kind kind);

/* pid: a process in the container's namespaces (user and network); its /proc/PID/ns/net is what is
 * served. A port that is in use on the host is an error here. */
int network_start(struct network *network, pid_t pid);
int network_ready(struct network *network);
/* "0.0.0.0:8080->80/tcp" for each -p, as docker writes it. Which port of the host it is where that
 * was left open is known after network_start(). */
void network_describe_ports(const struct network *network, struct strvec *ret_ports);
void network_stop(struct network *network);

/* Bring lo up in the caller's own network namespace: called in the child. */
int network_loopback_up(void);

#endif
