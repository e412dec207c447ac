/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_LOGREADER_H
#define BERTH_CONTAINER_LOGREADER_H

#include <stdbool.h>
#include <sys/types.h>

#include "container/logdriver.h"

/*
 * The lines of a log, the oldest first, through all of its files, while its monitor writes and
 * rotates it. No lock is taken: which file follows the one that is read is found by comparing
 * inodes, and compared again after it is open. Files that rotation drops before they are read are
 * gone.
 */
struct logreader {
	enum log_kind kind;
	char *path;
	unsigned int max_files;
	int fd;        /* -1: there is none yet */
	struct buf in; /* what was read of it */
	size_t at;     /* in `in`: what was not given out */
};

#define LOGREADER_INIT \
	{ \
		.fd = -1, .in = BUF_INIT \
	}

/* tail: begin with the last so many lines of the payload; negative: with the first. A log that is
 * not there yet has no lines. */
int logreader_open(const struct log_config *config, const char *path, int64_t tail,
		   struct logreader *ret_reader);
/* 1: the next line, without its newline, valid until the next call; 0: there is none now, and may
 * be one later. */
int logreader_next(struct logreader *reader, const char **ret_line, size_t *ret_len);
void logreader_release(struct logreader *reader);

#endif
