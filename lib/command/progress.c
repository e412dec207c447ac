/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/progress.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/escape.h"
#include "base/term.h"
#include "base/units.h"

#define SHORT_DIGEST 12
#define USEC_PER_SEC 1000000
#define NSEC_PER_USEC 1000
#define UP_AND_CLEAR "\033[1A\033[2K"

static const char *const words[] = {
	[PROGRESS_WAITING] = "waiting",   [PROGRESS_SHARED] = "shared",
	[PROGRESS_FETCHING] = "fetching", [PROGRESS_UNPACKING] = "unpacking",
	[PROGRESS_SENDING] = "sending",   [PROGRESS_DONE] = "done",
	[PROGRESS_FAILED] = "failed",
};

void progress_view_init(struct progress_view *view, enum progress_style style, bool quiet)
{
	*view = (struct progress_view){ .style = style };
	if (style == PROGRESS_AUTO)
		view->style = isatty(STDERR_FILENO) ? PROGRESS_TTY : PROGRESS_NONE;
	if (quiet)
		view->style = PROGRESS_NONE;
}

struct progress_sink progress_view_sink(struct progress_view *view)
{
	struct progress_sink sink = { .arg = view };

	if (view->style != PROGRESS_NONE)
		sink.show = progress_view_show;
	return sink;
}

void progress_view_release(struct progress_view *view)
{
	free(view->transfer);
	free(view->states);
	free(view->bytes);
	*view = (struct progress_view){ 0 };
}

static uint64_t now_usec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / NSEC_PER_USEC;
}

static int state_of(const struct progress_item *item)
{
	int state = atomic_load(&item->state);

	return state >= 0 && (size_t)state < ARRAY_SIZE(words) ? state : PROGRESS_FAILED;
}

static bool is_moving(int state)
{
	return state == PROGRESS_FETCHING || state == PROGRESS_SENDING;
}

static void print_item(const struct progress_item *item, uint64_t before, uint64_t usec,
		       struct buf *out)
{
	uint64_t bytes = atomic_load(&item->bytes);
	int state = state_of(item);

	buf_addf(out, "%.*s  %-9s", SHORT_DIGEST, digest_hex(item->digest), words[state]);
	if (is_moving(state)) {
		buf_add_str(out, "  ");
		units_print_size(out, bytes);
		buf_add_str(out, " of ");
	} else {
		buf_add_str(out, "  ");
	}
	units_print_size(out, item->total != 0 ? item->total : bytes);
	if (is_moving(state) && usec != 0 && bytes > before) {
		buf_add_str(out, "  ");
		units_print_size(out, (bytes - before) * USEC_PER_SEC / usec);
		buf_add_str(out, "/s");
	}
	buf_add_char(out, '\n');
}

/* A line that was broken would be two to who goes up by lines. Letters are ASCII. */
static void cut_line(struct buf *out, size_t begin)
{
	const size_t columns = (size_t)term_columns(STDERR_FILENO);

	if (out->len - begin <= columns)
		return;
	buf_truncate(out, begin + columns - 1);
	buf_add_char(out, '\n');
}

/* Where there are more blobs than lines, what moves goes first. */
static bool is_worth_a_line(const struct progress *progress, size_t i)
{
	int state = state_of(&progress->v[i]);

	return progress->n <= PROGRESS_LINES || is_moving(state) || state == PROGRESS_UNPACKING;
}

static void draw(struct progress_view *view, const struct progress *progress, uint64_t usec)
{
	AUTO(buf) out = BUF_INIT;
	size_t lines = 0, ended = 0;

	for (; view->drawn > 0; view->drawn--)
		buf_add_str(&out, UP_AND_CLEAR);
	for (size_t i = 0; i < progress->n; i++) {
		int state = state_of(&progress->v[i]);
		const size_t begin = out.len;

		ended += state == PROGRESS_DONE || state == PROGRESS_SHARED;
		if (lines >= PROGRESS_LINES || !is_worth_a_line(progress, i))
			continue;
		print_item(&progress->v[i], view->bytes[i], usec, &out);
		cut_line(&out, begin);
		lines++;
	}
	if (progress->n > PROGRESS_LINES) {
		buf_addf(&out, "%zu of %zu\n", ended, progress->n);
		lines++;
	}
	(void)!write(STDERR_FILENO, out.data, out.len);
	view->drawn = lines;
}

static void tell(const struct progress_view *view, const struct progress *progress)
{
	AUTO(buf) out = BUF_INIT;

	for (size_t i = 0; i < progress->n; i++)
		if (state_of(&progress->v[i]) != view->states[i])
			print_item(&progress->v[i], 0, 0, &out);
	if (out.len > 0)
		(void)!write(STDERR_FILENO, out.data, out.len);
}

/* What tells one transfer from another: images of a list have one name, tags the same blobs. */
static char *describe(const struct progress *progress)
{
	AUTO(buf) out = BUF_INIT;

	buf_add_str(&out, progress->name);
	for (size_t i = 0; i < progress->n; i++)
		buf_addf(&out, " %s", progress->v[i].digest);
	return buf_steal(&out);
}

/* Another transfer begins: its name, and lines of its own. */
static void begin(struct progress_view *view, const struct progress *progress, char *transfer)
{
	enum progress_style style = view->style;
	AUTO(buf) out = BUF_INIT;

	progress_view_release(view);
	view->style = style;
	view->transfer = transfer;
	view->n = progress->n;
	view->states = xcalloc(progress->n, sizeof(*view->states));
	view->bytes = xcalloc(progress->n, sizeof(*view->bytes));
	escape_text(&out, progress->name);
	buf_add_char(&out, '\n');
	(void)!write(STDERR_FILENO, out.data, out.len);
	for (size_t i = 0; i < progress->n; i++)
		view->states[i] = -1;
}

void progress_view_show(void *arg, const struct progress *progress)
{
	struct progress_view *view = arg;
	autofree char *transfer = describe(progress);
	uint64_t now = now_usec();

	if (view->transfer == NULL || strcmp(view->transfer, transfer) != 0)
		begin(view, progress, steal(transfer));
	if (view->style == PROGRESS_TTY)
		draw(view, progress, view->shown != 0 ? now - view->shown : 0);
	else
		tell(view, progress);
	for (size_t i = 0; i < progress->n; i++) {
		view->states[i] = state_of(&progress->v[i]);
		view->bytes[i] = atomic_load(&progress->v[i].bytes);
	}
	view->shown = now;
}
