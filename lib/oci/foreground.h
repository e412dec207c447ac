/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_OCI_FOREGROUND_H
#define BERTH_OCI_FOREGROUND_H

#include "box/box.h"
#include "spec/spec.h"

/* Stay with a process that runs, with its terminal and its signals, until it ends: its exit status.
 * other: as of struct attend. */
int foreground_attend(const struct spec *spec, struct box *box, int other);

#endif
