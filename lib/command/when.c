/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/when.h"

#include <stdbool.h>
#include <time.h>

#include "base/units.h"

void when_print_since(struct buf *out, int64_t when)
{
	int64_t age = (int64_t)time(NULL) - when;

	if (when == 0) {
		buf_add_str(out, "N/A");
		return;
	}
	units_print_age(out, age > 0 ? (uint64_t)age : 0);
	buf_add_str(out, " ago");
}

static bool to_utc(int64_t when, struct tm *tm)
{
	time_t seconds = (time_t)when;

	return when != 0 && gmtime_r(&seconds, tm) != NULL;
}

void when_print_time(struct buf *out, int64_t when)
{
	char text[40];
	struct tm tm;

	if (!to_utc(when, &tm) || strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		buf_add_str(out, "N/A");
	else
		buf_add_str(out, text);
}

void when_print_at(struct buf *out, int64_t when)
{
	char text[40];
	struct tm tm;

	if (!to_utc(when, &tm) ||
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S +0000 UTC", &tm) == 0)
		buf_add_str(out, "N/A");
	else
		buf_add_str(out, text);
}
