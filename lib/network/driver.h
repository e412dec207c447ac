/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_NETWORK_DRIVER_H
#define BERTH_NETWORK_DRIVER_H

#include "network/network.h"

/* What a kind of network does at each stage; NULL: nothing. */
struct network_driver {
	const char *name;
	bool has_argument; /* "NAME:ARGUMENT" */
	int (*parse)(struct network *network, const char *argument);
	int (*check)(const struct host *host, struct network *network);
	int (*start)(struct network *network, pid_t pid);
	int (*ready)(struct network *network);
};

int pasta_parse(struct network *network, const char *argument);
int pasta_check(const struct host *host, struct network *network);
int pasta_start(struct network *network, pid_t pid);
int pasta_ready(struct network *network);
/* The address at which pasta answers for the host's resolver, where that listens on a loopback
 * address only. */
#define PASTA_DNS "169.254.1.1"
/* The value of an option that the user gave to pasta ("--NAME" or "-X"), or NULL; "" for a flag. */
const char *pasta_option(const struct network *network, const char *name, const char *letter);

/*
 * Choose the host's ports (0 and ranges of candidates become numbers) by binding them, and hold
 * them: each socket of *ret_sockets is to be closed right before the program that is to have them
 * starts. A port that is taken is an error that names it.
 */
struct sockets {
	int *v;
	size_t n;
};

int ports_reserve(struct network *network, struct sockets *ret_sockets);
void sockets_release(struct sockets *sockets);
/* Two ports that want the same place on the host. */
int ports_check(const struct network *network);

#endif
