/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/mountinfo.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/fs.h"

/* A host with thousands of containers has a table of some megabytes. */
#define TABLE_MAX (64UL << 20)

/* ID PARENT MAJOR:MINOR ROOT PATH OPTIONS [FIELD]... - TYPE SOURCE OPTIONS (proc_pid_mountinfo(5))
 */
#define FIELD_PATH 4

void mountinfo_release(struct mountinfo *info)
{
	for (size_t i = 0; i < info->n; i++) {
		free(info->v[i].path);
		free(info->v[i].type);
	}
	free(info->v);
	*info = (struct mountinfo){ 0 };
}

static bool is_octal(const char *at)
{
	for (int i = 1; i <= 3; i++)
		if (at[i] < '0' || at[i] > '7')
			return false;
	return true;
}

/* Blanks and backslashes are written in octal. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *at = text; *at != '\0'; at++) {
		if (*at == '\\' && is_octal(at)) {
			*to++ = (char)((at[1] - '0') << 6 | (at[2] - '0') << 3 | (at[3] - '0'));
			at += 3;
		} else {
			*to++ = *at;
		}
	}
	*to = '\0';
}

static bool parse_line(char *line, char **ret_path, char **ret_type)
{
	char *dash = strstr(line, " - ");
	char *at = line;

	if (dash == NULL)
		return false;
	*dash = '\0';
	*ret_type = dash + 3;
	(*ret_type)[strcspn(*ret_type, " ")] = '\0';
	for (int i = 0; i < FIELD_PATH; i++) {
		at = strchr(at, ' ');
		if (at == NULL)
			return false;
		at++;
	}
	at[strcspn(at, " ")] = '\0';
	unescape(at);
	*ret_path = at;
	return at[0] == '/';
}

/* Among those of the same path the later lies on top. */
static int by_path(const void *a, const void *b)
{
	const struct mountpoint *one = a, *two = b;
	int diff = strcmp(one->path, two->path);

	return diff != 0 ? diff : (one->order > two->order) - (one->order < two->order);
}

static void keep_topmost(struct mountinfo *info)
{
	size_t n = 0;

	for (size_t i = 0; i < info->n; i++) {
		struct mountpoint *point = &info->v[i];

		if (n > 0 && strcmp(info->v[n - 1].path, point->path) == 0) {
			free(info->v[n - 1].path);
			free(info->v[n - 1].type);
			n--;
		}
		info->v[n++] = *point;
	}
	info->n = n;
}

int mountinfo_parse(char *text, struct mountinfo *ret_info)
{
	*ret_info = (struct mountinfo){ 0 };
	for (char *line = text, *next; *line != '\0'; line = next) {
		char *end = strchrnul(line, '\n');
		char *path, *type;
		struct mountpoint *point;

		next = *end == '\n' ? end + 1 : end;
		*end = '\0';
		if (!parse_line(line, &path, &type))
			continue;
		point = VEC_PUSH(ret_info);
		point->path = xstrdup(path);
		point->type = xstrdup(type);
		point->order = ret_info->n;
	}
	if (ret_info->n > 0)
		qsort(ret_info->v, ret_info->n, sizeof(*ret_info->v), by_path);
	keep_topmost(ret_info);
	return 0;
}

int mountinfo_read(struct mountinfo *ret_info)
{
	AUTO(buf) text = BUF_INIT;

	TRY(fs_read_file(AT_FDCWD, "/proc/self/mountinfo", TABLE_MAX, &text));
	return mountinfo_parse(text.data, ret_info);
}
