/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_LOGDRIVER_H
#define BERTH_CONTAINER_LOGDRIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/vec.h"

/*
 * What --log-driver and --log-opt say, and the formats of log files.
 *
 *	json-file	{"log":"TEXT","stream":"stdout","time":"RFC 3339"}, docker's. One that is no
 *			valid UTF-8 has its bytes in base64 besides, as "bytes": TEXT shows
 *			U+FFFD for those that are wrong, and nothing is lost.
 *	k8s-file	TIME STREAM P|F BYTES, podman's and that of the CRI
 *	journald	to the journal of systemd (journal.h)
 *	passthrough	the payload has the caller's own stdout and stderr; no log
 *	none		no log
 *
 * An entry is a line, or a part of one: one without its newline is continued by the next of its
 * stream. Times are in UTC and always have nine decimals, so that they compare as text.
 */
#define LOG_DEFAULT "json-file"
#define LOG_TIME_LEN 30     /* "2026-01-31T23:59:59.123456789Z" */
#define LOG_PIECE_MAX 16384 /* bytes of the payload in one entry */

enum log_stream {
	LOG_STDOUT,
	LOG_STDERR,
};

enum log_kind {
	LOG_JSON,
	LOG_K8S,
	LOG_JOURNALD,
	LOG_PASSTHROUGH,
	LOG_NONE,
};

struct log_config {
	enum log_kind kind;
	uint64_t max_size; /* of a file; 0: any */
	unsigned int max_files;
	const char *path; /* borrowed from the options; NULL: in the container's directory */
	const char *tag;  /* likewise, a template */
};

/* driver NULL: the default, json-file. options are KEY=VALUE; they must live as long. */
int log_config_parse(const char *driver, const struct strvec *options,
		     struct log_config *ret_config);
bool log_is_file(enum log_kind kind);

/* One entry of a log. */
struct log_entry {
	enum log_stream stream;
	char time[LOG_TIME_LEN + 1];
	const char *bytes;
	size_t len;
	bool ends; /* the line is complete; its newline is the last of the bytes */
};

/* Append the entry. attrs: of json-file, a JSON object; NULL: none. */
void log_format(enum log_kind kind, const struct log_entry *entry, const char *attrs,
		struct buf *out);
/*
 * Read the entry of one line of a file (without its newline). What the payload wrote is appended to
 * out; entry->bytes and len are not set. attrs: where "attrs" of json-file goes, as text; NULL:
 * nowhere. False, with nothing appended, for what is none: a line that a crash cut.
 */
bool log_scan(enum log_kind kind, const char *line, size_t len, struct log_entry *ret_entry,
	      struct buf *out, struct buf *attrs);

#endif
