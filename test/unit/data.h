/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_TEST_DATA_H
#define BERTH_TEST_DATA_H

#include <glob.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "unit.h"

/*
 * Cases in files: test/data/KIND/NAME.in is given to render(), what that appends to `out` must be
 * NAME.out. Where it returns a negative number the error and its hint are appended; that must be so
 * for the files called should-fail-*, and for no other. BERTH_WRITE_DATA=1 writes the .out files.
 */
typedef int (*data_render)(const struct buf *in, struct buf *out);

static inline int data_case(const char *path, data_render render)
{
	AUTO(buf) in = BUF_INIT, out = BUF_INIT, wanted = BUF_INIT;
	autofree char *result = xasprintf("%.*s.out", (int)strlen(path) - 3, path);
	bool must_fail = strstr(path, "/should-fail-") != NULL;
	int rc;

	assert_int_equal(fs_read_file(AT_FDCWD, path, 64UL << 20, &in), 0);
	err_clear();
	rc = render(&in, &out);
	if (rc < 0) {
		buf_addf(&out, "error: %s\n", err_text());
		if (err_hint()[0] != '\0')
			buf_addf(&out, "hint: %s\n", err_hint());
	}
	if (getenv("BERTH_WRITE_DATA") != NULL)
		fs_replace_file(AT_FDCWD, result, out.data, out.len, 0644, false);
	assert_int_equal(fs_read_file(AT_FDCWD, result, 64UL << 20, &wanted), 0);
	if ((rc < 0) == must_fail && strcmp(out.data, wanted.data) == 0)
		return 0;
	print_error("%s:\n--- wanted\n%s--- got\n%s", path, wanted.data, out.data);
	return 1;
}

static inline void data_check(const char *kind, data_render render)
{
	autofree char *pattern = xasprintf(TEST_DATA "/%s/*.in", kind);
	glob_t found;
	int bad = 0;

	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++)
		bad += data_case(found.gl_pathv[i], render);
	globfree(&found);
	assert_int_equal(bad, 0);
}

#endif
