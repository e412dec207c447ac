/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_OCI_HANDOVER_H
#define BERTH_OCI_HANDOVER_H

#include "box/box.h"
#include "oci/runtime.h"

/* What an engine gets of a new process: its number, a descriptor of it, its terminal. */

/* Refuse what does not go together, before anything is made. foreground: we stay with it. */
int handover_check(const struct runtime_stdio *stdio, bool terminal, bool foreground);
/* Once the box is created: send the terminal where it is wanted. */
int handover_console(const struct runtime_stdio *stdio, const struct box *box);
/* Once the process is there, which for one that joins a container is after box_go(): its
 * descriptor, and its number in a file. */
int handover_process(const struct runtime_stdio *stdio, const struct box *box);

#endif
