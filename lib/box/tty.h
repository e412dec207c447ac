/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_TTY_H
#define BERTH_BOX_TTY_H

#include "box/rootfs.h"
#include "spec/spec.h"

/*
 * The terminal of the container, from its own devpts. The master goes to the parent; the other side
 * is /dev/console, the controlling terminal and descriptors 0, 1, 2 of the payload.
 */
struct tty {
	int master, peer;
};

#define TTY_INIT \
	{ \
		.master = -1, .peer = -1 \
	}

/* Nothing to do without process.terminal. After the mounts, before the pivot. */
int tty_make(const struct spec *spec, const struct rootfs *root, struct tty *ret_tty);
/* One of a devpts, by its directory: that of a container which runs already. */
int tty_open(int pts, struct tty *ret_tty);
/* The size that process.consoleSize has for it, if any. */
int tty_size(const struct spec_process *process, const struct tty *tty);
/* Descriptors 0, 1, 2 of the payload, and its user's own. */
int tty_give(const struct spec_process *process, const struct tty *tty, uid_t uid);
/* A new session in any case, so that the payload has nothing to do with berth's terminal; with a
 * terminal, the pty becomes its controlling one. The payload's user owns it. */
int tty_take(const struct spec_process *process, const struct tty *tty, uid_t uid);

#endif
