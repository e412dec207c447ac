/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_STUB_STUB_H
#define BERTH_BOX_STUB_STUB_H

#include <stdint.h>

/*
 * The stub and the side that starts it agree on this. Its arguments:
 *
 *	argv[0]		a name
 *	argv[1]		descriptor of the socket to the parent, in decimal, and a letter:
 *			'x' to exec the payload, 'i' to be the init of the container,
			'j' to start the payload as a sibling, in the namespaces that were joined,
			't' the same, and its output is a terminal, which is to control it,
			'd', 'D' the same as 'j' and 't', for one that outlives who starts it;
 *			with a label also ',' and the descriptor of a procfs, and then
 *			argv[2]		the file below it to write
 *			argv[3]		what to write there
 *			and all that follows is two places further on
 *	argv[2]		the file to exec
 *	argv[3] ...	the payload's arguments
 *
 * The label of a security module is for the next execve(2), so that nobody but the stub can set it:
 * before, it would be the stub's own.
 */
#define STUB_EXEC 'x'
#define STUB_INIT 'i'
#define STUB_JOIN 'j'
#define STUB_JOIN_TERMINAL 't'
#define STUB_JOIN_DETACHED 'd'
#define STUB_JOIN_DETACHED_TERMINAL 'D'
#define STUB_LABEL ','

#define STUB_PATH_MAX 1024
#define STUB_INTERPRETER_MAX 256

enum stub_stage {
	STUB_AT_EXEC = 0,
	STUB_AT_LABEL = 1,
	STUB_AT_START = 2, /* no process for the payload, or no session for it */
};

/* Of who joins: the process that was started, as the stub itself sees it. */
struct stub_born {
	int32_t pid;
};

/* What the stub writes to the socket where execve(2) or something before it fails; strings may be
 * cut. */
struct stub_report {
	int32_t error; /* errno */
	int32_t stage; /* enum stub_stage */
	char path[STUB_PATH_MAX];
	char interpreter[STUB_INTERPRETER_MAX]; /* what the file names as such; "" if nothing */
};

/* Where _start (syscall.h) goes: the stack as the kernel has laid it out. */
void stub_main(long *stack);

#endif
