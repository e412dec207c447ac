/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BASE_ERR_H
#define BERTH_BASE_ERR_H

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Errors. A function that can fail returns an int: >= 0 is good, a negative errno is bad. The
 * message is recorded once, where the cause is known, in a slot of the calling thread; callers
 * prefix what they were doing; only runner.c prints it. Library code never prints and never exits.
 *
 *	if (openat(...) < 0)
 *		return fail("cannot open '%s'", path);
 *				-> "cannot open 'x': No such file or directory"
 *	return refuse("'%s' is not a size", text);
 *				-> no errno text; -EINVAL
 *	hint("install the package passt");
 *				-> second line, the exact fix
 *	return fail_in(rc, "image '%s'", name);
 *				-> "image 'x': cannot open ..."
 *
 * Texts: no full stop, lower case, the failure first, the subject in single quotes. Untrusted text
 * may be passed with %s as it is: err_print() escapes what it prints.
 */

/* The longest message and the longest hint, in bytes with the NUL; longer ones are cut. */
#define ERR_TEXT_MAX 2048
#define ERR_HINT_MAX 1024

/* Record "fmt: strerror(errno)"; returns -errno (-EIO where errno is 0). */
int fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The same for an error number that is at hand; err may be given positive or negative. */
int fail_with(int err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Record a refusal of bad input; returns -EINVAL. */
int refuse(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Record a message with no errno text and return -err: for conditions that have a code but no
 * useful errno words. */
int refuse_with(int err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Where rc is negative, prefix the recorded message with "fmt: "; returns rc. Where nothing was
 * recorded, the text of -rc follows. */
int fail_in(int rc, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Record the fix that goes with the error; keeps errno. A later hint replaces an earlier one. */
void hint(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* What was recorded; "" if nothing. Valid until the next call that records. */
const char *err_text(void);
const char *err_hint(void);
void err_clear(void);
/* Replace the slot's texts, as received from another process; either may be the slot's own. */
void err_set(const char *text, const char *hint_text);

/*
 * An error that is on its way to the user says more than those of the cleaning up behind it:
 *
 *	AUTO(err_kept) kept = err_keep();
 *	... what may record errors of its own ...
 *	err_restore(&kept);
 *
 * The texts are its own; err_restore() may be left out, where what was recorded since is better.
 */
struct err_kept {
	char *text, *hint;
};

struct err_kept err_keep(void);
void err_restore(const struct err_kept *kept);
void err_kept_release(struct err_kept *kept);

/*
 * Write "berth: text\n" and, if there is one, "berth: hint: ...\n" to fd with one write(2). Control
 * characters, invalid UTF-8 and bidirectional marks are escaped. Nothing recorded prints nothing.
 */
void err_print(int fd);

/*
 * An error on its way from a child to its parent, as one datagram-sized write; code is a negative
 * errno. The stage names who failed: STAGE_SETUP for berth's own work, STAGE_EXEC for the final
 * execve (126 and 127 follow from it).
 */
enum err_stage {
	STAGE_SETUP = 1,
	STAGE_EXEC = 2,
};

struct err_packet {
	int32_t code;
	uint32_t stage;
	char text[ERR_TEXT_MAX];
	char hint[ERR_HINT_MAX];
};

/* Send the slot with `code` to fd; returns 0 or -errno (recorded nowhere: the caller is about to
 * _exit). */
int err_send(int fd, int code, enum err_stage stage);
/*
 * Read what err_send() wrote. Returns 0 at end of file (the other side succeeded: the descriptor
 * closed on exec), 1 where a packet came: the slot is set from it, *ret_code is its negative errno,
 * *ret_stage its stage.
 */
int err_receive(int fd, int *ret_code, enum err_stage *ret_stage);

/* Return from the calling function if `expr` is negative. Clean-up attributes make this safe
 * anywhere. */
#define TRY(expr) \
	do { \
		int try_rc_ = (int)(expr); \
		if (try_rc_ < 0) \
			return try_rc_; \
	} while (0)

#endif
