/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_COMMAND_DESTINATION_H
#define BERTH_COMMAND_DESTINATION_H

#include "image/push.h"

/*
 * Where push(1) sends an image, in the words of containers-transports(5):
 *
 *	[docker://]NAME[:TAG]		a registry
 *	oci:DIR[:REF]			an OCI image layout, which is made
 *	oci-archive:FILE[:REF]		archives
 *	docker-archive:FILE[:REF]
 */
enum destination_kind {
	DESTINATION_REGISTRY,
	DESTINATION_OCI,
	DESTINATION_OCI_ARCHIVE,
	DESTINATION_DOCKER_ARCHIVE,
};

struct destination {
	enum destination_kind kind;
	char *name; /* of the image in the registry; NULL: that which it has */
	char *path; /* of the file or directory */
	char *ref;  /* NULL: none given */
};

/* text NULL: the image's own name. */
int destination_parse(const char *text, struct destination *ret_destination);
void destination_release(struct destination *destination);
/* Push the image there. */
int destination_push(const struct destination *destination, struct store *store, const char *image,
		     const struct push_options *options, struct push_result *ret_result);

#endif
