/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_OCI_HANDOVER_H
#define BERTH_OCI_HANDOVER_H

#include "box/box.h"
#include "oci/runtime.h"

/* What an engine gets of a new process: its number, a descriptor of it, its terminal. */

/* Refuse what does not go together, before anything is made. foreground: we stay with it. */
int handover_check(const struct runtime_stdio *stdio, bool terminal, bool foreground);
/* Once the box is created: send the terminal and the descriptor where they are wanted. */
int handover_send(const struct runtime_stdio *stdio, struct box *box);
/* Write the number, whole or not at all. */
int handover_pid(const struct runtime_stdio *stdio, pid_t pid);
/* Descriptors that the process is to have: those asked for and, behind LISTEN_FDS, those of systemd
 * (sd_listen_fds(3)). */
void handover_descriptors(const struct runtime_stdio *stdio, struct spec_process *process);

#endif
