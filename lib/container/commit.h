/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_COMMIT_H
#define BERTH_CONTAINER_COMMIT_H

#include "container/contents.h"

/*
 * Make an image of a container: its image, with the layer that it writes to as one more, and with
 * the command, the environment, the labels and so on that the container was made with.
 */
struct commit {
	const char *author, *comment; /* NULL: not said */
	const struct strvec *changes; /* instructions (image/change.h) */
	const struct strvec *names;   /* that the image gets */
	bool pause;                   /* it stands still while its layer is read */
	bool squash;                  /* one layer of all files */
	bool docker;                  /* documents of docker's types */
	/* What is to be told: it cannot be paused. */
	void (*remark)(const char *text);
};

int commit_make(struct contents *contents, const struct commit *commit, char *ret_id);

#endif
