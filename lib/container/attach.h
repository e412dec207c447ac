/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_ATTACH_H
#define BERTH_CONTAINER_ATTACH_H

#include <stdbool.h>
#include <stdint.h>

#include "container/target.h"

/*
 * Joining the standard streams of a container in the background: the monitor listens on the socket
 * `attach` in the container's directory (audience.h), and this is the other side. Each message is a
 * packet: a letter and what belongs to it.
 */
enum attach_letter {
	/* from the monitor */
	ATTACH_STDOUT = 'o', /* bytes, of the terminal as well */
	ATTACH_STDERR = 'e',
	ATTACH_MISSED = 'm', /* uint64_t: so many bytes were not sent to a reader too slow */
	ATTACH_EXIT = 'x',   /* int32_t: the payload's exit status, the last message */
	/* to the monitor */
	ATTACH_INPUT = 'i', /* bytes */
	ATTACH_SIZE = 'w',  /* struct winsize */
};

#define ATTACH_SOCKET "attach"
#define ATTACH_BYTES_MAX 16384
#define ATTACH_KEYS_MAX 16
#define ATTACH_KEYS "ctrl-p,ctrl-q"

struct attach_options {
	const struct host *host; /* borrowed */
	bool no_stdin;
	bool sig_proxy;          /* signals to us are the payload's */
	const char *detach_keys; /* "ctrl-p,ctrl-q"; "": none */
};

/* Check the keys: letters, or ctrl- and a letter or one of @ [ \ ] ^ _, separated by commas. */
int attach_parse_keys(const char *text, char ret_keys[ATTACH_KEYS_MAX], size_t *ret_n);
/*
 * Until the payload ends: its exit status; or until the keys are typed or our output is closed: 0.
 * stdin at its end leaves the payload's open, as with docker: others may attach later.
 */
int attach_run(const struct target *target, const struct attach_options *options);

#endif
