/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_IMAGEMOUNT_H
#define BERTH_CONTAINER_IMAGEMOUNT_H

#include "container/make.h"
#include "container/mountopt.h"

/* --mount type=image: open the image, which the container keeps from being removed, and put its
 * layers (or what they have at subpath) into the mount. */
int imagemount_plan(const struct host *host, const struct request *request,
		    struct container *container, struct mountopt *opt);

/*
 * The directories that make up `path` of an image, the topmost first, of its layers' directories:
 * a layer that replaces the directory (a whiteout, a file, an opaque directory) hides the ones
 * below.
 */
int imagemount_subpath(const struct strvec *layers, const char *path, struct strvec *ret_lower);

#endif
