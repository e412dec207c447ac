/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_MAKE_H
#define BERTH_CONTAINER_MAKE_H

#include "base/host.h"
#include "container/health.h"
#include "container/record.h"
#include "container/request.h"
#include "container/userns.h"
#include "container/volume.h"
#include "image/image.h"
#include "network/network.h"
#include "spec/spec.h"

/*
 * request + image -> container: the one place where image, network and box meet. After
 * make_container() every decision is made: `spec` says what box/ does, `network` what the network
 * does, `record` what is left behind.
 */
struct container {
	const struct host *host; /* borrowed */
	struct spec spec;
	struct network network;
	struct record record; /* dirfd -1 with --dry-run: nothing is made */
	struct image image;   /* its lock is held as long as the container runs; empty for rootfs:
				 and host: */
	struct store store;   /* fd -1 where no image was wanted */
	struct userns userns;
	int stop_signal;
	struct {
		struct image *v; /* --mount type=image */
		size_t n;
	} images;
	struct health_config health; /* how it is checked while it runs */
	struct {
		struct volume *v;
		size_t n;
	} volumes; /* volumemount.h */
	struct {
		int *v;
		size_t n;
	} borrowed; /* locks of scratch.h, of other containers */
	bool kept;  /* it stays even if it was never started */
};

#define CONTAINER_INIT \
	{ \
		.network = NETWORK_INIT, .record = RECORD_INIT, .image = IMAGE_INIT, \
		.store = STORE_INIT, .health = HEALTH_CONFIG_INIT \
	}

int make_container(const struct host *host, const struct request *request,
		   struct container *ret_container);
/* Free it. What is on disk stays, but for a container that was made and never started. */
void container_release(struct container *container);

/* Open an image by any name, fetching it before as --pull says. */
int make_open_image(const struct request *request, struct container *container, const char *name,
		    const struct platform *platform, struct image *ret_image);
/* Open the store where it is not open yet. */
int container_open_store(const struct host *host, struct container *container);

#endif
