/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/passwd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/vec.h"

enum { FIELD_NAME = 0, FIELD_UID = 2, FIELD_HOME = 5, N_FIELDS = 7 };

/* One field of the line of `uid`. */
static int find_field(uid_t uid, size_t field, char **ret_text)
{
	AUTO(strvec) lines = STRVEC_INIT;
	AUTO(buf) text = BUF_INIT;
	char wanted[16];

	TRY(fs_read_file(AT_FDCWD, "/etc/passwd", MAX_PASSWD, &text));
	snprintf(wanted, sizeof(wanted), "%u", uid);
	for (char *line = text.data, *next; *line != '\0'; line = next) {
		AUTO(strvec) fields = STRVEC_INIT;
		char *end = strchrnul(line, '\n');

		next = *end == '\n' ? end + 1 : end;
		*end = '\0';
		if (line[0] == '#' || (size_t)(end - line) > MAX_PASSWD_LINE)
			continue;
		strvec_split(&fields, line, ':');
		if (fields.n != N_FIELDS || strcmp(fields.v[FIELD_UID], wanted) != 0 ||
		    fields.v[field][0] == '\0')
			continue;
		*ret_text = xstrdup(fields.v[field]);
		return 0;
	}
	return -ENOENT;
}

int passwd_home(uid_t uid, char **ret_home)
{
	return find_field(uid, FIELD_HOME, ret_home);
}

int passwd_name(uid_t uid, char **ret_name)
{
	return find_field(uid, FIELD_NAME, ret_name);
}
