/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/cgread.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/fs.h"
#include "box/cgdir.h"

#define MAX_TEXT (1UL << 20)

uint64_t cgread_number(int dirfd, const char *file)
{
	char text[64], *end;
	uint64_t value;

	if (dirfd < 0 || cgdir_read(dirfd, file, text, sizeof(text)) <= 0)
		return CGUSAGE_UNKNOWN;
	if (strncmp(text, "max", 3) == 0)
		return CGUSAGE_NONE;
	if (text[0] == '-') /* v1: cpu.cfs_quota_us */
		return CGUSAGE_NONE;
	value = strtoull(text, &end, 10);
	return end != text ? value : CGUSAGE_UNKNOWN;
}

bool cgread_text(int dirfd, const char *file, struct buf *out)
{
	if (dirfd >= 0 && fs_read_file(dirfd, file, MAX_TEXT, out) >= 0)
		return true;
	err_clear();
	buf_clear(out);
	return false;
}

uint64_t cgread_keyed(int dirfd, const char *file, const char *key)
{
	AUTO(buf) text = BUF_INIT;
	size_t len = strlen(key);

	(void)cgread_text(dirfd, file, &text);
	for (const char *line = text.data; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, len) == 0 && line[len] == ' ')
			return strtoull(line + len + 1, NULL, 10);
	}
	return CGUSAGE_UNKNOWN;
}
