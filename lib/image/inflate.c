/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/inflate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/stream.h"

#define PIPE_SIZE (1 << 20) /* what a user may have at most; less is slower, no error */

/* What comes after the last piece; it crosses from the cell to its maker as it is. */
struct inflate_report {
	int32_t rc; /* 0, or a negative errno with these texts */
	char text[ERR_TEXT_MAX];
	char hint[ERR_HINT_MAX];
};

static int send_bytes(struct stream *stream, struct pieces *out)
{
	autofree unsigned char *bytes = xalloc(PIECE_MAX);
	ssize_t n;

	while ((n = stream_read(stream, bytes, PIECE_MAX)) > 0)
		TRY(pieces_send(out, PIECE_BYTES, bytes, (size_t)n));
	return (int)n;
}

/* In the cell. */
static int send_pieces(const struct inflate_reading *reading, int in, struct pieces *out)
{
	AUTO(stream) stream = STREAM_INIT;

	TRY(cell_filter());
	TRY(stream_open_fd(&stream, &in));
	stream.limit = MAX_UNPACKED;
	return reading != NULL ? reading->read(&stream, out) : send_bytes(&stream, out);
}

static void run_inflate(void *arg, int rc, int in, int root, int report_fd)
{
	const struct inflate_reading *reading = arg;
	struct inflate_report report = { .rc = rc };
	AUTO(pieces) out = { .fd = -1 };

	(void)root;
	pieces_init(&out, report_fd);
	if (rc >= 0)
		report.rc = send_pieces(reading, in, &out);
	if (report.rc < 0) {
		snprintf(report.text, sizeof(report.text), "%s", err_text());
		snprintf(report.hint, sizeof(report.hint), "%s", err_hint());
	}
	if (pieces_end(&out) >= 0)
		(void)fs_write_all(report_fd, &report, sizeof(report), "pipe");
}

static int load_libraries(int fd)
{
	unsigned char magic[STREAM_MAGIC_LEN];
	const off_t at = lseek(fd, 0, SEEK_CUR);
	const ssize_t n = at >= 0 ? pread(fd, magic, sizeof(magic), at) : -1;

	if (n < 0)
		return fail("cannot read a blob");
	return stream_load(stream_sniff(magic, (size_t)n));
}

static int start_cell(struct inflate *inflate, struct store *store, int fd)
{
	autofree char *path = xasprintf("%s/%s/root", store->path, inflate->tmp.name);
	struct cell_plan plan = { .maps = &store->maps,
				  .path = path,
				  .in = fd,
				  .body = run_inflate,
				  .arg = (void *)inflate->reading };

	if (mkdirat(inflate->tmp.fd, "root", 0755) < 0)
		return fail("cannot make a directory for a cell");
	TRY(cell_start(&plan, &inflate->cell));
	(void)fcntl(inflate->cell.report, F_SETPIPE_SZ, PIPE_SIZE);
	return 0;
}

int inflate_open(struct store *store, int fd, const struct inflate_reading *reading,
		 struct inflate *ret_inflate)
{
	struct inflate inflate = INFLATE_INIT;
	int rc;

	inflate.reading = reading;
	TRY(load_libraries(fd));
	TRY(store_tmp_make(store, &inflate.tmp));
	rc = start_cell(&inflate, store, fd);
	if (rc < 0) {
		inflate_release(&inflate);
		return rc;
	}
	*ret_inflate = inflate;
	return 0;
}

/* As read(2); what ends here ended too early. */
static ssize_t receive(const struct inflate *inflate, void *bytes, size_t size)
{
	ssize_t n;

	do
		n = read(inflate->cell.report, bytes, size);
	while (n < 0 && errno == EINTR);
	return n >= 0 ? n : fail("cannot read from a child");
}

/* The report, which says why; or how the cell ended. */
static int finish(struct inflate *inflate)
{
	struct inflate_report report;

	TRY(cell_finish(&inflate->cell, &report, sizeof(report)));
	report.text[sizeof(report.text) - 1] = '\0';
	report.hint[sizeof(report.hint) - 1] = '\0';
	if (report.rc < 0) {
		err_set(report.text, report.hint);
		return report.rc;
	}
	inflate->ended = true;
	return 0;
}

/* All of it; 1, or 0 where it does not come: finish() tells how the cell ended. */
static int receive_all(const struct inflate *inflate, void *bytes, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = receive(inflate, (unsigned char *)bytes + done, len - done);

		TRY(n);
		if (n == 0)
			return 0;
		done += (size_t)n;
	}
	return 1;
}

static int take_piece(struct inflate *inflate, uint32_t word)
{
	int rc;

	if (inflate->piece == NULL)
		inflate->piece = xalloc(PIECE_MAX);
	rc = receive_all(inflate, inflate->piece, PIECE_LEN(word));
	TRY(rc);
	if (rc == 0)
		return finish(inflate);
	return inflate->reading->take(inflate->reading->arg, (enum piece)PIECE_KIND(word),
				      inflate->piece, PIECE_LEN(word));
}

/* To the next piece of bytes, or the end. */
static int next_piece(struct inflate *inflate)
{
	while (inflate->left == 0 && !inflate->ended) {
		uint32_t word = 0;
		int rc = receive_all(inflate, &word, sizeof(word));

		TRY(rc);
		if (rc == 0)
			return finish(inflate);
		if (PIECE_LEN(word) > PIECE_MAX || PIECE_KIND(word) >= PIECES_END ||
		    (PIECE_KIND(word) != PIECE_BYTES && inflate->reading == NULL))
			return refuse_with(EPROTO, "a child sent a piece of %u bytes, kind %u",
					   PIECE_LEN(word), PIECE_KIND(word));
		if (PIECE_KIND(word) != PIECE_BYTES)
			TRY(take_piece(inflate, word));
		else if (PIECE_LEN(word) != 0)
			inflate->left = PIECE_LEN(word);
		else
			return finish(inflate);
	}
	return 0;
}

ssize_t inflate_read(void *arg, void *bytes, size_t size)
{
	struct inflate *inflate = arg;
	ssize_t n;

	if (inflate->left == 0 && !inflate->ended)
		TRY(next_piece(inflate));
	if (inflate->ended)
		return 0;
	n = receive(inflate, bytes, size < inflate->left ? size : inflate->left);
	TRY(n);
	if (n == 0) {
		TRY(finish(inflate));
		return refuse_with(EPROTO, "a child ended too early");
	}
	inflate->left -= (uint32_t)n;
	return n;
}

void inflate_release(struct inflate *inflate)
{
	cell_release(&inflate->cell);
	store_tmp_release(&inflate->tmp);
	free(inflate->piece);
	*inflate = (struct inflate)INFLATE_INIT;
}
