/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/cgchange.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/vec.h"
#include "box/cgdir.h"

#define VALUE_MAX 4096

static bool has(const struct knobs *knobs, const struct knob *wanted)
{
	for (size_t i = 0; i < knobs->n; i++)
		if (strcmp(knobs->v[i].file, wanted->file) == 0 &&
		    strcmp(knobs->v[i].value, wanted->value) == 0)
			return true;
	return false;
}

void cgchange_drop_same(const struct knobs *from, struct knobs *to)
{
	size_t kept = 0;

	for (size_t i = 0; i < to->n; i++) {
		struct knob *knob = &to->v[i];

		if (!has(from, knob)) {
			to->v[kept++] = *knob;
			continue;
		}
		free(knob->file);
		free(knob->value);
		free(knob->other_value);
	}
	to->n = kept;
}

/* Of a file with a line for each device: the length of the word that the line begins with; else 0.
 */
static size_t device_word(const char *file, const char *value)
{
	static const char *const prefixes[] = { "io.", "blkio.", "rdma.", "net_prio." };
	size_t len = strcspn(value, " ");

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (strncmp(file, prefixes[i], strlen(prefixes[i])) == 0)
			return value[len] == ' ' ? len : 0;
	return 0;
}

/* What takes back a line that was not there. */
static const char *no_limit(const char *file)
{
	static const struct {
		const char *file, *words;
	} rows[] = {
		{ "io.max", "rbps=max wbps=max riops=max wiops=max" },
		{ "io.bfq.weight", "default" },
		{ "io.weight", "default" },
		{ "rdma.max", "hca_handle=max hca_object=max" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (strcmp(file, rows[i].file) == 0)
			return rows[i].words;
	return "0"; /* v1 */
}

/* The same device's line of what the file had. */
static char *old_line(const char *text, const char *file, const char *value, size_t len)
{
	for (const char *line = text; *line != '\0'; line += strspn(line, "\n")) {
		size_t end = strcspn(line, "\n");

		if (end > len && strncmp(line, value, len) == 0 && line[len] == ' ')
			return xstrndup(line, end);
		line += end;
	}
	return xasprintf("%.*s %s", (int)len, value, no_limit(file));
}

/* In the form in which it can be written back. */
static int read_old(int dirfd, const char *file, const char *value, char **ret_value)
{
	static const char oom[] = "oom_kill_disable ";
	char text[VALUE_MAX];
	ssize_t len = cgdir_read(dirfd, file, text, sizeof(text));
	size_t word = device_word(file, value);

	if (len < 0)
		return (int)len;
	while (len > 0 && text[len - 1] == '\n')
		text[--len] = '\0';
	if (word > 0)
		*ret_value = old_line(text, file, value, word);
	else if (strncmp(text, oom, strlen(oom)) == 0)
		*ret_value = xstrndup(text + strlen(oom), 1);
	else
		/* A set that is empty is that of the cgroup above; no bytes would be no write. */
		*ret_value = xstrdup(len > 0 ? text : "\n");
	return 0;
}

static int write_one(struct cgchange *change, int dirfd, const char *file, const char *value)
{
	autofree char *before = NULL;
	struct cgchange_old *old;
	int rc;

	TRY(read_old(dirfd, file, value, &before));
	TRY(cgdir_write(dirfd, file, value));
	rc = fcntl(dirfd, F_DUPFD_CLOEXEC, 3);
	if (rc < 0) {
		rc = -errno;
		cgdir_write(dirfd, file, before);
		return rc;
	}
	old = VEC_PUSH(change);
	old->dirfd = rc;
	old->file = xstrdup(file);
	old->value = steal(before);
	return 0;
}

static int write_knob(struct cgchange *change, int dirfd, const struct knob *knob)
{
	int rc = write_one(change, dirfd, knob->file, knob->value);

	if (rc == -ENOENT && knob->other_file != NULL)
		rc = write_one(change, dirfd, knob->other_file, knob->other_value);
	return rc;
}

int cgchange_write(struct cgchange *change, const struct knobs *knobs, enum controller controller,
		   int dirfd)
{
	autofree int *results = xcalloc(knobs->n + 1, sizeof(*results));

	for (size_t i = 0; i < knobs->n; i++)
		if (controller == CONTROLLER_MAX || knobs->v[i].controller == controller)
			results[i] = write_knob(change, dirfd, &knobs->v[i]);
	for (size_t i = 0; i < knobs->n; i++) {
		if (results[i] >= 0)
			continue;
		results[i] = write_knob(change, dirfd, &knobs->v[i]);
		if (results[i] < 0 && !knobs->v[i].optional)
			return knob_fail(knobs, &knobs->v[i], results[i]);
	}
	return 0;
}

void cgchange_undo(struct cgchange *change)
{
	/* Twice, for the order that the kernel wants. */
	for (int round = 0; round < 2; round++)
		for (size_t i = change->n; i-- > 0;)
			cgdir_write(change->v[i].dirfd, change->v[i].file, change->v[i].value);
}

void cgchange_release(struct cgchange *change)
{
	for (size_t i = 0; i < change->n; i++) {
		close(change->v[i].dirfd);
		free(change->v[i].file);
		free(change->v[i].value);
	}
	free(change->v);
	*change = (struct cgchange){ 0 };
}
