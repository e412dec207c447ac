/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/escape.h"

/* Per thread: the layer pipeline records in its workers, and the joining thread takes the text
 * over. */
static _Thread_local char slot_text[ERR_TEXT_MAX];
static _Thread_local char slot_hint[ERR_HINT_MAX];

/* Bytes that are kept free behind a name that has to be cut. */
#define REASON_MAX 128  /* for ": " and strerror() */
#define CALLERS_MAX 256 /* for what callers put before it */

/* The length of what vsnprintf() has put into text; beyond `max` bytes it is cut. */
static size_t cut(char *text, int len, size_t max)
{
	if (len < 0)
		len = 0;
	if ((size_t)len <= max)
		return (size_t)len;
	memcpy(text + max - 3, "...", 4);
	return max;
}

/* However long a name in the message is: the reason must fit. */
static void record(int err, const char *fmt, va_list args)
{
	size_t len;

	len = cut(slot_text, vsnprintf(slot_text, sizeof(slot_text), fmt, args),
		  err != 0 ? ERR_TEXT_MAX - REASON_MAX - CALLERS_MAX : ERR_TEXT_MAX - 1);
	if (err != 0)
		snprintf(slot_text + len, sizeof(slot_text) - len, ": %s", strerror(err));
	slot_hint[0] = '\0';
}

int fail(const char *fmt, ...)
{
	int err = errno != 0 ? errno : EIO;
	va_list args;

	va_start(args, fmt);
	record(err, fmt, args);
	va_end(args);
	errno = err;
	return -err;
}

int fail_with(int err, const char *fmt, ...)
{
	va_list args;

	err = err < 0 ? -err : err;
	if (err == 0)
		err = EIO;
	va_start(args, fmt);
	record(err, fmt, args);
	va_end(args);
	return -err;
}

int refuse(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	record(0, fmt, args);
	va_end(args);
	return -EINVAL;
}

int refuse_with(int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	record(0, fmt, args);
	va_end(args);
	return -err;
}

int fail_in(int rc, const char *fmt, ...)
{
	char prefixed[2 * ERR_TEXT_MAX];
	size_t len, rest, room = ERR_TEXT_MAX / 2;
	va_list args;

	if (rc >= 0)
		return rc;
	if (slot_text[0] == '\0')
		snprintf(slot_text, sizeof(slot_text), "%s", strerror(-rc));
	/* A text of reasonable length stays whole: the name before it is cut. */
	rest = strlen(slot_text) + 3 + CALLERS_MAX;
	if (rest < ERR_TEXT_MAX / 2)
		room = ERR_TEXT_MAX - rest;
	va_start(args, fmt);
	len = cut(prefixed, vsnprintf(prefixed, ERR_TEXT_MAX, fmt, args), room);
	va_end(args);
	snprintf(prefixed + len, sizeof(prefixed) - len, ": %s", slot_text);
	prefixed[ERR_TEXT_MAX - 1] = '\0';
	memcpy(slot_text, prefixed, sizeof(slot_text));
	return rc;
}

void hint(const char *fmt, ...)
{
	int saved = errno;
	va_list args;

	va_start(args, fmt);
	vsnprintf(slot_hint, sizeof(slot_hint), fmt, args);
	va_end(args);
	errno = saved;
}

const char *err_text(void)
{
	return slot_text;
}

const char *err_hint(void)
{
	return slot_hint;
}

void err_clear(void)
{
	slot_text[0] = '\0';
	slot_hint[0] = '\0';
}

void err_set(const char *text, const char *hint_text)
{
	/* Either may be what is recorded. */
	if (text != slot_text)
		snprintf(slot_text, sizeof(slot_text), "%s", text);
	if (hint_text != slot_hint)
		snprintf(slot_hint, sizeof(slot_hint), "%s", hint_text != NULL ? hint_text : "");
}

struct err_kept err_keep(void)
{
	return (struct err_kept){ .text = xstrdup(slot_text), .hint = xstrdup(slot_hint) };
}

void err_restore(const struct err_kept *kept)
{
	err_set(kept->text, kept->hint);
}

void err_kept_release(struct err_kept *kept)
{
	free(kept->text);
	free(kept->hint);
	*kept = (struct err_kept){ 0 };
}

void err_print(int fd)
{
	AUTO(buf) line = BUF_INIT;

	if (slot_text[0] == '\0')
		return;
	buf_add_str(&line, "berth: ");
	escape_text(&line, slot_text);
	buf_add_char(&line, '\n');
	if (slot_hint[0] != '\0') {
		buf_add_str(&line, "berth: hint: ");
		escape_text(&line, slot_hint);
		buf_add_char(&line, '\n');
	}
	/* One write: lines of concurrent processes on one terminal or log do not mix. */
	if (write(fd, line.data, line.len) < 0)
		return;
}

int err_send(int fd, int code, enum err_stage stage)
{
	struct err_packet packet = { .code = code, .stage = stage };

	snprintf(packet.text, sizeof(packet.text), "%s", slot_text);
	snprintf(packet.hint, sizeof(packet.hint), "%s", slot_hint);
	/* Smaller than PIPE_BUF, so that the write is atomic on a pipe as well. */
	_Static_assert(sizeof(packet) <= 4096, "an error must fit PIPE_BUF");
	if (write(fd, &packet, sizeof(packet)) != (ssize_t)sizeof(packet))
		return -errno;
	return 0;
}

int err_receive(int fd, int *ret_code, enum err_stage *ret_stage)
{
	struct err_packet packet;
	ssize_t len;

	do
		len = read(fd, &packet, sizeof(packet));
	while (len < 0 && errno == EINTR);
	if (len == 0 || (len < 0 && errno == ECONNRESET))
		return 0;
	if (len < 0)
		return fail("cannot read the state of the child");
	if ((size_t)len != sizeof(packet))
		return refuse_with(EPROTO, "the child sent %zd bytes instead of an error", len);
	packet.text[ERR_TEXT_MAX - 1] = '\0';
	packet.hint[ERR_HINT_MAX - 1] = '\0';
	err_set(packet.text, packet.hint);
	*ret_code = packet.code < 0 ? packet.code : -EIO;
	*ret_stage = packet.stage == STAGE_EXEC ? STAGE_EXEC : STAGE_SETUP;
	return 1;
}
