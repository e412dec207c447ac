/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BASE_OUTFILE_H
#define BERTH_BASE_OUTFILE_H

/*
 * A file of the user's that is written as a whole: under its name stands what was there before, or
 * all of the new content, whenever the writer fails or dies. Where the name is that of something
 * else than a regular file (a pipe, a device, a symbolic link such as /dev/stdout), and for
 * standard output, the bytes go there as they come. A terminal is refused.
 */
struct outfile {
	int fd;     /* to write to */
	char *name; /* for messages */
	char *path; /* that it gets; NULL: it is written in place */
	int dir;    /* of path */
	char *tmp;  /* name in dir until then; NULL: it has none */
};

#define OUTFILE_INIT \
	{ \
		.fd = -1, .dir = -1 \
	}

/* path NULL or "-": standard output. what: "an archive". */
int outfile_open(const char *path, const char *what, struct outfile *ret_file);
/* All is written: to the disk, and under its name. */
int outfile_commit(struct outfile *file);
/* Without a commit before it, what was written goes. */
void outfile_release(struct outfile *file);
/* What helps where what is written to is full: it need not be where the store is. Returns rc. */
int outfile_advise(int rc);

#endif
