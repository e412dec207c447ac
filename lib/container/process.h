/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_PROCESS_H
#define BERTH_CONTAINER_PROCESS_H

#include "base/host.h"
#include "container/request.h"
#include "container/userns.h"
#include "image/imageconfig.h"

/*
 * What runs in the container, of the request and the image: arguments, directory, user, limits,
 * terminal. The environment is environment.h's. image: NULL for rootfs: and host:.
 */
int process_make(const struct request *request, const struct image_config *image,
		 const struct host *host, const struct userns *userns, struct spec *spec);
/* Its terminal, its standard input, and the caller's descriptors that it gets. */
int process_descriptors(const struct request *request, struct spec_process *process);

/* Sockets that systemd opened for us are the payload's (sd_listen_fds(3)), under the number that it
 * has in its own namespace of processes: they are preserved, at least. */
int process_listen_fds(struct spec *spec);

#endif
