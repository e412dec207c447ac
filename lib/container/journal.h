/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_JOURNAL_H
#define BERTH_CONTAINER_JOURNAL_H

#include "container/logdriver.h"
#include "container/record.h"

/*
 * Entries for the journal of systemd, in its native protocol: a datagram for each, to the socket of
 * systemd-journald(8). Its fields are docker's:
 *
 *	MESSAGE				a line, without its newline, or a part of one
 *	CONTAINER_PARTIAL_MESSAGE=true	where more of the line follows
 *	PRIORITY			6 of stdout, 3 of stderr
 *	CONTAINER_ID, CONTAINER_ID_FULL, CONTAINER_NAME, CONTAINER_TAG, SYSLOG_IDENTIFIER,
 *	IMAGE_NAME			the same in every entry
 *
 * What is too long for a datagram goes as a sealed file in memory. A journal that is busy, or is
 * just being started again, is waited for, and with it the payload; one that takes nothing for a
 * long time gets an entry that says how many bytes it missed, once it is back.
 */
#define JOURNAL_SOCKET "/run/systemd/journal/socket"

struct journal {
	int fd;        /* -1: there is none */
	bool away;     /* it took nothing for a long time: it is tried, and not waited for */
	uint64_t lost; /* bytes of the payload */
	struct buf fields, entry;
};

#define JOURNAL_INIT \
	{ \
		.fd = -1, .fields = BUF_INIT, .entry = BUF_INIT \
	}

/* Where no journal listens the error says so, with what else there is. */
int journal_open(const struct record *record, const char *tag, struct journal *ret_journal);
void journal_write(struct journal *journal, const struct log_entry *entry);
void journal_release(struct journal *journal);

#endif
