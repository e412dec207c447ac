/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/confirm.h"

#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"

int confirm(const char *text)
{
	AUTO(buf) question = BUF_INIT;
	char answer[16];
	ssize_t n;

	if (!isatty(STDIN_FILENO)) {
		refuse("standard input is no terminal: nobody can be asked");
		hint("--force does it without asking");
		return -EINVAL;
	}
	buf_addf(&question, "%s\nAre you sure you want to continue? [y/N] ", text);
	TRY(fs_write_all(STDERR_FILENO, question.data, question.len, "standard error"));
	n = read(STDIN_FILENO, answer, sizeof(answer) - 1);
	if (n < 0)
		return fail("cannot read the answer");
	answer[n] = '\0';
	answer[strcspn(answer, " \t\r\n")] = '\0';
	return strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0;
}
