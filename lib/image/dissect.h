/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_DISSECT_H
#define BERTH_IMAGE_DISSECT_H

#include "image/inflate.h"

/*
 * Reads the archive of a layer in a cell, and sends it with cuts around the content of every file
 * and between its chunks (image/chunker.h), its table of contents and what else goes with that
 * (image/toc.h). What it sends depends on the archive alone.
 */
int dissect(struct stream *stream, struct pieces *out);

#endif
