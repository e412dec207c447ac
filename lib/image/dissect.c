/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/dissect.h"

#include "base/alloc.h"
#include "base/bounds.h"
#include "base/err.h"
#include "image/chunker.h"
#include "image/tar.h"
#include "image/toc.h"

struct dissection {
	struct stream *stream;
	struct pieces *out;
	unsigned char *bytes;      /* the piece of the archive at hand */
	const unsigned char *sent; /* what of it is still to be sent begins here */
	bool unfit;                /* and that was sent */
	struct tar tar;
	struct toc toc;
	struct chunker chunker;
};

static void dissection_release(struct dissection *d)
{
	tar_release(&d->tar);
	toc_release(&d->toc);
	chunker_release(&d->chunker);
	free(d->bytes);
}

/* What was said. */
static int send_texts(struct dissection *d)
{
	if (d->unfit)
		return 0;
	if (d->toc.unfit) {
		d->unfit = true;
		return pieces_send(d->out, PIECE_UNFIT, NULL, 0);
	}
	TRY(pieces_send(d->out, PIECE_TABLE, d->toc.table.data, d->toc.table.len));
	TRY(pieces_send(d->out, PIECE_SPLIT, d->toc.split.data, d->toc.split.len));
	buf_clear(&d->toc.table);
	buf_clear(&d->toc.split);
	return 0;
}

static int send_cut(struct dissection *d)
{
	return d->toc.unfit ? 0 : pieces_send(d->out, PIECE_CUT, NULL, 0);
}

/* What the tar reader has gone past: headers and padding, or anything where there is no table. */
static int pass(struct dissection *d)
{
	const size_t len = (size_t)(d->tar.piece - d->sent);

	if (len == 0)
		return 0;
	TRY(pieces_send(d->out, PIECE_BYTES, d->sent, len));
	toc_pass(&d->toc, d->sent, len);
	d->sent = d->tar.piece;
	return 0;
}

/* It is asked for the next piece when it is through with the one at hand. */
static ssize_t next_piece(void *arg, const unsigned char **ret_bytes)
{
	struct dissection *d = arg;
	ssize_t n;

	TRY(pass(d));
	n = stream_read(d->stream, d->bytes, PIECE_MAX);
	TRY(n);
	*ret_bytes = d->sent = d->bytes;
	return n;
}

static int send_content(void *arg, const unsigned char *bytes, size_t len)
{
	struct dissection *d = arg;

	toc_content(&d->toc, bytes, len);
	return pieces_send(d->out, PIECE_BYTES, bytes, len);
}

static int end_chunk(void *arg, bool hole)
{
	struct dissection *d = arg;

	TRY(toc_chunk_ended(&d->toc, hole));
	return send_cut(d);
}

static int read_content(struct dissection *d)
{
	const void *bytes;
	uint64_t offset;
	size_t len;
	int rc;

	TRY(send_cut(d));
	TRY(toc_content_begin(&d->toc));
	chunker_begin(&d->chunker);
	while ((rc = tar_data(&d->tar, &bytes, &len, &offset)) > 0) {
		d->sent = d->tar.piece;
		TRY(chunker_add(&d->chunker, bytes, len));
	}
	TRY(rc);
	return chunker_end(&d->chunker);
}

static int read_entry(struct dissection *d, const struct tar_entry *entry)
{
	TRY(pass(d));
	toc_begin(&d->toc, &d->tar, entry);
	TRY(send_texts(d));
	if (d->unfit)
		return 0;
	if (entry->size != 0)
		TRY(read_content(d));
	toc_end_entry(&d->toc);
	return send_texts(d);
}

static int read_archive(struct dissection *d)
{
	struct tar_entry entry;
	uint64_t n = 0;
	int rc;

	while ((rc = tar_next(&d->tar, &entry)) > 0) {
		if (++n > MAX_TAR_ENTRIES)
			return refuse("it has more than %lu entries", MAX_TAR_ENTRIES);
		TRY(read_entry(d, &entry));
	}
	TRY(rc);
	TRY(pass(d));
	toc_end(&d->toc, d->tar.offset);
	return send_texts(d);
}

int dissect(struct stream *stream, struct pieces *out)
{
	AUTO(dissection)
	d = { .stream = stream, .out = out, .bytes = xalloc(PIECE_MAX) };

	d.sent = d.bytes;
	tar_init(&d.tar, next_piece, &d);
	/* Before the first piece nothing was gone past. */
	d.tar.piece = d.bytes;
	toc_init(&d.toc);
	chunker_init(&d.chunker);
	d.chunker.content = send_content;
	d.chunker.chunk_ended = end_chunk;
	d.chunker.arg = &d;
	return read_archive(&d);
}
