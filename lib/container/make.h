/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_MAKE_H
#define BERTH_CONTAINER_MAKE_H

#include "base/host.h"
#include "container/record.h"
#include "container/request.h"
#include "image/image.h"
#include "network/network.h"
#include "spec/spec.h"

/*
 * request + image -> container: the one place where image, network and box meet. After
 * make_container() every decision is made: `spec` says what box/ does, `network` what the network
 * does, `record` what is left behind.
 */
struct container {
	struct spec spec;
	struct network network;
	struct record record;
	struct image image; /* its lock is held as long as the container runs; empty for rootfs: and
			       host: */
	struct store store;
	int stop_signal;
	struct strvec keep; /* directories to be removed with the container: anonymous volumes */
};

int make_container(const struct host *host, const struct request *request,
		   struct container *ret_container);
void container_release(struct container *container);

#endif
