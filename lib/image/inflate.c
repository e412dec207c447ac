/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/inflate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/stream.h"

#define PIECE_MAX (256U << 10)
#define PIPE_SIZE (1 << 20) /* what a user may have at most; less is slower, no error */

/* What comes after the last piece; it crosses from the cell to its maker as it is. */
struct inflate_report {
	int32_t rc; /* 0, or a negative errno with these texts */
	char text[ERR_TEXT_MAX];
	char hint[ERR_HINT_MAX];
};

/* In the cell: the length of each piece before it, and 0 at the end. */
static int send_pieces(int in, int out)
{
	autofree unsigned char *bytes = xalloc(PIECE_MAX);
	AUTO(stream) stream = STREAM_INIT;
	ssize_t n;

	TRY(cell_filter());
	TRY(stream_open_fd(&stream, &in));
	stream.limit = MAX_UNPACKED;
	do {
		uint32_t len;

		n = stream_read(&stream, bytes, PIECE_MAX);
		TRY(n);
		len = (uint32_t)n;
		if (n == 0)
			break;
		TRY(fs_write_all(out, &len, sizeof(len), "pipe"));
		TRY(fs_write_all(out, bytes, len, "pipe"));
	} while (n != 0);
	return 0;
}

static void run_inflate(void *arg, int rc, int in, int root, int report_fd)
{
	struct inflate_report report = { .rc = rc };
	const uint32_t end = 0;

	if (rc >= 0)
		report.rc = send_pieces(in, report_fd);
	if (report.rc < 0) {
		snprintf(report.text, sizeof(report.text), "%s", err_text());
		snprintf(report.hint, sizeof(report.hint), "%s", err_hint());
	}
	if (fs_write_all(report_fd, &end, sizeof(end), "pipe") >= 0)
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
	struct cell_plan plan = {
		.maps = &store->maps, .path = path, .in = fd, .body = run_inflate
	};

	if (mkdirat(inflate->tmp.fd, "root", 0755) < 0)
		return fail("cannot make a directory for a cell");
	TRY(cell_start(&plan, &inflate->cell));
	(void)fcntl(inflate->cell.report, F_SETPIPE_SZ, PIPE_SIZE);
	return 0;
}

int inflate_open(struct store *store, int fd, struct inflate *ret_inflate)
{
	struct inflate inflate = INFLATE_INIT;
	int rc;

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

static int next_piece(struct inflate *inflate)
{
	unsigned char *to = (unsigned char *)&inflate->left;
	size_t done = 0;

	inflate->left = 0;
	while (done < sizeof(inflate->left)) {
		ssize_t n = receive(inflate, to + done, sizeof(inflate->left) - done);

		TRY(n);
		if (n == 0)
			break;
		done += (size_t)n;
	}
	/* It ended without a word: finish() tells how. */
	if (done < sizeof(inflate->left))
		inflate->left = 0;
	if (inflate->left > PIECE_MAX)
		return refuse_with(EPROTO, "a child sent a piece of %u bytes", inflate->left);
	return inflate->left != 0 ? 0 : finish(inflate);
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
	*inflate = (struct inflate)INFLATE_INIT;
}
