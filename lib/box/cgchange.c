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

static int read_old(int dirfd, const char *file, char **ret_value)
{
	char text[VALUE_MAX];
	ssize_t len = cgdir_read(dirfd, file, text, sizeof(text));

	if (len < 0)
		return (int)len;
	while (len > 0 && text[len - 1] == '\n')
		text[--len] = '\0';
	/* A set that is empty is that of the cgroup above; no bytes would be no write. */
	*ret_value = xstrdup(len > 0 ? text : "\n");
	return 0;
}

static int write_one(struct cgchange *change, int dirfd, const char *file, const char *value)
{
	autofree char *before = NULL;
	struct cgchange_old *old;
	int rc;

	TRY(read_old(dirfd, file, &before));
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
			return knob_fail(&knobs->v[i], results[i]);
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
