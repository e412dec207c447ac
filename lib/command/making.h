/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_COMMAND_MAKING_H
#define BERTH_COMMAND_MAKING_H

#include "container/make.h"

/* What run and create have in common: operands into the request, remarks of the parser, the
 * progress of a pull, and the container is made. */
int making_make(const struct host *host, struct request *request, const struct strvec *operands,
		struct container *ret_container);

/* What IMAGE may be, for --help. */
#define MAKING_REMARKS \
	"IMAGE is the name of an image in the store, or one of\n" \
	"  docker-archive:FILE[:REF]  oci-archive:FILE[:REF]  oci:DIR[:REF]\n" \
	"  -            an archive on stdin\n" \
	"  rootfs:DIR   a directory that holds a root file system\n" \
	"  host:        a throw-away overlay over the host's own files\n"

#endif
