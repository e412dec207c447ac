/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_LOG_H
#define BERTH_CONTAINER_LOG_H

#include "container/journal.h"
#include "container/logdriver.h"

/*
 * The log of a container, as its monitor writes it: to a file, or to the journal.
 *
 * Entries are whole in the file: one that
 * cannot be written is taken back. PATH is the youngest file; at --log-opt max-size it becomes
 * PATH.1, that PATH.2, and so on up to max-file files.
 *
 * A disk that is full neither stops nor kills the payload: what it prints is counted and dropped
 * until there is room again. Then an entry on stderr says how many bytes are missing.
 */
struct log {
	struct log_config config;
	char *path;
	char *attrs; /* NULL: none */
	int fd;      /* -1: no file */
	uint64_t size;
	uint64_t lost;    /* bytes of the payload */
	int error;        /* why */
	uint64_t pending; /* bytes of the payload in `out` */
	struct buf out;
	struct journal journal; /* instead of a file */
};

#define LOG_INIT \
	{ \
		.config = { .kind = LOG_NONE }, .fd = -1, .out = BUF_INIT, .journal = JOURNAL_INIT \
	}

/* path is absolute. Appends to what is there. */
int log_open(const struct log_config *config, const char *path, const char *attrs,
	     struct log *ret_log);
/* The same for the journal. tag: of --log-opt; NULL: none. */
int log_open_journal(const struct log_config *config, const struct record *record, const char *tag,
		     struct log *ret_log);
/* At most LOG_PIECE_MAX bytes at a time. */
void log_write(struct log *log, enum log_stream stream, const char *bytes, size_t len);
void log_release(struct log *log);

#endif
