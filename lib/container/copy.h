/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_COPY_H
#define BERTH_CONTAINER_COPY_H

#include <stdbool.h>

#include "container/record.h"

/*
 * Copy files between the host and a container, which runs or not. Between the two is a tar archive
 * in a pipe: a child with the rights of the container's root (rootdir.h) writes or unpacks the one
 * end, and this process, with the caller's, the other; neither opens what is the other's. What is
 * unpacked in a container is unpacked in a cell.
 *
 * What is copied, and what becomes of it, is as with docker cp:
 *
 *	source			destination
 *				is missing	  is a file	is a directory
 *	file			made	(1)	  replaced	DESTINATION/NAME is made
 *	directory DIR		made as DIR is	  refused	DESTINATION/NAME is made
 *	contents, DIR/.		made as DIR is	  refused	gets what is in DIR
 *
 * (1) refused where its name ends with '/'. The parent of the destination has to be there.
 */
struct copy {
	const struct record *record; /* borrowed */
	const struct spec *spec;     /* of one that does not run (still.h); NULL */
	const char *inside;          /* path in the container */
	const char *host;            /* path of the host; "-": the archive itself goes to standard
					output, or comes from standard input */
	bool archive;                /* owners stay what they are */
	bool follow;                 /* a symbolic link that is the source */
	bool overwrite;              /* a directory by a file, and the other way round */
};

int copy_out(const struct copy *copy);
int copy_in(const struct copy *copy);

#endif
