/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_OVERRIDES_H
#define BERTH_CONTAINER_OVERRIDES_H

#include "container/record.h"
#include "container/request.h"
#include "image/imageconfig.h"
#include "spec/spec.h"

/*
 * What the command line of a container said instead of its image's configuration: kept in its
 * record (record->overrides), so that an image that is made of the container runs as it did.
 */
int overrides_make(const struct request *request, const struct image_config *image,
		   const struct spec *spec, struct record *record);
/* Change the image's configuration to the container's: with labels and published ports, which the
 * record has anyway. */
int overrides_apply(const struct record *record, struct image_config *config);

#endif
