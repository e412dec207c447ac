/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_CHANGE_H
#define BERTH_IMAGE_CHANGE_H

#include "image/imageconfig.h"

/*
 * Apply one instruction of a Dockerfile that changes nothing but the configuration: CMD ENTRYPOINT
 * ENV EXPOSE LABEL STOPSIGNAL USER VOLUME WORKDIR, in exec form (a JSON array) or shell form where
 * there are both. Words may be quoted with ' and ", and \ takes the next character as it is.
 */
int change_apply(const char *text, struct image_config *config);

#endif
