/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_STAY_H
#define BERTH_BOX_STAY_H

/*
 * A child that is created and waits longer than its parent lives: another process starts it, by a
 * socket that has a name in a directory which nobody else can enter (unix(7), SOCK_SEQPACKET).
 *
 *	creator				child				starter
 *	-------				-----				-------
 *	stay_listen()
 *	stay_leave() ----- STAY ------> stay_wait(): outlives it
 *	ends <------------ STAY -------
 *					accepts <---------------------- stay_call()
 *					<-------------- GO ------------ box_go()
 *					--------------- GO -----------> he is the one
 *
 * A starter that goes away before he has said GO is as if he had never called; of two, the second
 * finds the socket closed.
 */

/* In the creator: dirfd is the directory, name that of the socket in it. */
int stay_listen(int dirfd, const char *name);
/* Leave the child behind; it holds the listener from now on. */
int stay_leave(int sync, int listener);
/* In the child: *sync becomes the socket to whoever has said GO. */
int stay_wait(int *sync, int listener);
/* In the starter: the socket to the child; -ECONNREFUSED, with nothing recorded, where nobody
 * waits there (any more). */
int stay_call(int dirfd, const char *name);

#endif
