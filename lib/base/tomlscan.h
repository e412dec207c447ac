/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BASE_TOMLSCAN_H
#define BERTH_BASE_TOMLSCAN_H

#include "base/json.h"

/* The words of TOML, for base/toml.c alone: where the reader stands, and values that hold no
 * others. */
struct toml_scan {
	const char *bytes;
	size_t len, pos;
	const char *name; /* of the document */
	size_t nodes;
};

/* Refuse the document with its line. */
int toml_refuse(const struct toml_scan *s, const char *why);
/* The byte `ahead` of the next one; -1 behind the end. */
int toml_peek(const struct toml_scan *s, size_t ahead);
/* Go over blanks and tabs. */
void toml_skip_blanks(struct toml_scan *s);
/* Go over blanks, comments and ends of lines; with `lines` false up to the end of this line, which
 * must be there. */
int toml_skip_space(struct toml_scan *s, bool lines);
/* Append the string at a quote of either kind; one of several lines only where `multiline`. */
int toml_scan_string(struct toml_scan *s, bool multiline, struct buf *out);
/* A value that is neither an array nor a table. */
int toml_scan_value(struct toml_scan *s, cJSON **ret_item);

#endif
