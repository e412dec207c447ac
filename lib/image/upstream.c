/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/upstream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/compress.h"
#include "base/err.h"
#include "base/units.h"
#include "image/blob.h"
#include "image/chunked.h"
#include "image/inflate.h"
#include "image/origin.h"

#define MOUNTS_MAX 3 /* repositories that are tried */
#define NOTE_SIZE 512

static void set_state(const struct upstream_layer *layer, enum progress_state state)
{
	if (layer->item != NULL)
		layer->item->state = (int)state;
}

static void count(const struct upstream_layer *layer, size_t n)
{
	if (layer->item != NULL)
		layer->item->bytes += n;
}

/* --- the plan -------------------------------------------------------------------------------- */

static int sniff_blob(int fd, enum compression *ret_compression)
{
	unsigned char magic[STREAM_MAGIC_LEN];
	ssize_t n = pread(fd, magic, sizeof(magic), 0);

	if (n < 0)
		return fail("cannot read a blob");
	*ret_compression = stream_sniff(magic, (size_t)n);
	return 0;
}

static bool may_not_be_passed_on(const struct descriptor *d)
{
	return strstr(d->media_type, ".foreign.") != NULL ||
	       strstr(d->media_type, ".nondistributable.") != NULL;
}

/* Is a blob, which the manifest names or another one, as it is asked for? */
static bool is_as_wanted(const struct upstream_format *format, const struct upstream_layer *layer)
{
	if (layer->kept == COMPRESSION_NONE)
		return false;
	if (!format->given)
		return true;
	if (format->chunked && (layer->substitute || !layer->wanted->chunked))
		return false;
	return layer->kept == format->format;
}

static int take_blob(const struct upstream *upstream, const struct upstream_format *format,
		     const char *digest, uint64_t size, struct upstream_layer *layer)
{
	autoclose int fd = -1;

	if (!blob_exists(upstream->store, digest, size))
		return -ENOENT;
	fd = blob_open(upstream->store, digest);
	TRY(fd);
	TRY(sniff_blob(fd, &layer->kept));
	memcpy(layer->digest, digest, DIGEST_TEXT_SIZE);
	layer->size = size;
	layer->format = *format;
	layer->way = is_as_wanted(format, layer) ? UPSTREAM_AS_IS : UPSTREAM_PACK;
	return 1;
}

/* --- what the registry has ------------------------------------------------------------------- */

/* Have it from another repository. 1: it is there now. */
static int mount_blob(const struct upstream *upstream, const char *digest)
{
	AUTO(strvec) paths = STRVEC_INIT;

	relatives_repositories(upstream->relatives, digest, upstream->target->host,
			       upstream->target->path, MOUNTS_MAX, &paths);
	for (size_t i = 0; i < paths.n; i++) {
		int rc = registry_mount_blob(upstream->registry, digest, paths.v[i]);

		if (rc == 1)
			return 1;
		/* That we may not look into the other repository is its affair. */
		err_clear();
	}
	return 0;
}

/* 1: the registry has it, or has it now. */
static int is_there(const struct upstream *upstream, const char *digest)
{
	int there = registry_has_blob(upstream->registry, digest);

	return there != 0 ? there : mount_blob(upstream, digest);
}

static int not_kept(const struct upstream *upstream, const struct upstream_layer *layer)
{
	autofree char *why = xstrdup(err_text());

	refuse_with(ENOENT,
		    "neither the store nor the registry has the blob %s of the layer %s%s%s",
		    layer->wanted->digest, layer->diff_id,
		    why[0] != '\0' ? ", nor its origin: " : "", why);
	hint("berth load brings it back from an archive of the image, and berth pull '%s' where "
	     "nothing of the image is here",
	     upstream->image);
	return -ENOENT;
}

/* From where the image came from, if that is elsewhere. */
static int plan_from_origin(const struct upstream *upstream, const struct upstream_format *format,
			    struct upstream_layer *layer)
{
	int rc;

	err_clear();
	rc = origin_fetch(upstream->store, upstream->options, upstream->image, layer->wanted);
	if (rc < 0)
		return not_kept(upstream, layer);
	return take_blob(upstream, format, layer->wanted->digest, layer->wanted->size, layer);
}

/* The blob that the manifest names is not kept. */
static int plan_without(const struct upstream *upstream, const struct upstream_format *format,
			struct upstream_layer *layer)
{
	const struct relative *other;
	int there;

	layer->kept = rewrite_media_compression(layer->wanted->media_type);
	layer->way = may_not_be_passed_on(layer->wanted) ? UPSTREAM_LEFT : UPSTREAM_REMOTE;
	if (layer->way == UPSTREAM_LEFT)
		return 0;
	there = is_there(upstream, layer->wanted->digest);
	if (there != 0)
		return there < 0 ? there : 0;
	other = relatives_find(upstream->store, upstream->relatives, layer->diff_id);
	if (other == NULL)
		return plan_from_origin(upstream, format, layer);
	layer->substitute = true;
	return take_blob(upstream, format, other->digest, other->size, layer);
}

int upstream_plan(const struct upstream *upstream, const struct upstream_format *format,
		  struct upstream_layer *layer)
{
	int rc = take_blob(upstream, format, layer->wanted->digest, layer->wanted->size, layer);

	if (rc == -ENOENT)
		rc = plan_without(upstream, format, layer);
	return rc;
}

/* --- as it is -------------------------------------------------------------------------------- */

struct plain {
	const struct upstream_layer *layer;
	int fd;
};

static ssize_t read_file(int fd, void *bytes, size_t size)
{
	ssize_t n;

	do
		n = read(fd, bytes, size);
	while (n < 0 && errno == EINTR);
	return n >= 0 ? n : fail("cannot read a blob");
}

static ssize_t read_plain(void *arg, void *bytes, size_t size)
{
	const struct plain *plain = arg;
	ssize_t n = read_file(plain->fd, bytes, size);

	if (n > 0)
		count(plain->layer, (size_t)n);
	return n;
}

static int rewind_plain(void *arg)
{
	const struct plain *plain = arg;

	if (plain->layer->item != NULL)
		plain->layer->item->bytes = 0;
	return lseek(plain->fd, 0, SEEK_SET) == 0 ? 0 : fail("cannot read a blob again");
}

static int open_kept(const struct upstream *upstream, const struct upstream_layer *layer)
{
	if (!blob_exists(upstream->store, layer->digest, layer->size))
		return not_kept(upstream, layer);
	return blob_open(upstream->store, layer->digest);
}

static int send_as_it_is(const struct upstream *upstream, const struct upstream_layer *layer)
{
	autoclose int fd = open_kept(upstream, layer);
	struct plain plain = { .layer = layer, .fd = fd };
	struct registry_upload upload = {
		.source = read_plain, .arg = &plain, .size = layer->size, .rewind = rewind_plain
	};

	TRY(fd);
	memcpy(upload.digest, layer->digest, DIGEST_TEXT_SIZE);
	TRY(registry_put_blob(upstream->registry, &upload));
	return 0;
}

/* --- compressed on the way ------------------------------------------------------------------- */

struct packing {
	const struct upstream *upstream;
	const struct upstream_layer *layer;
	int fd;
	struct inflate inflate;
	struct digest archive, blob;
	struct compress *compress;
	struct inflate_reading reading; /* of zstd:chunked */
	struct chunked chunked;
	uint64_t size; /* of the blob */
};

static void packing_release(struct packing *packing)
{
	compress_free(packing->compress);
	packing->compress = NULL;
	inflate_release(&packing->inflate);
	chunked_release(&packing->chunked);
	digest_release(&packing->archive);
	digest_release(&packing->blob);
	cleanup_close(&packing->fd);
	packing->fd = -1;
}

/* What has only to be compressed goes without; the archive is not looked into. */
static bool in_cell(const struct upstream_layer *layer)
{
	return layer->kept != COMPRESSION_NONE || layer->format.chunked;
}

/* The archive. */
static ssize_t read_archive(void *arg, void *bytes, size_t size)
{
	struct packing *packing = arg;
	ssize_t n = in_cell(packing->layer) ? inflate_read(&packing->inflate, bytes, size)
					    : read_file(packing->fd, bytes, size);

	TRY(n);
	digest_update(&packing->archive, bytes, (size_t)n);
	count(packing->layer, (size_t)n);
	return n;
}

/* The blob that is made of it. */
static ssize_t read_packed(void *arg, void *bytes, size_t size)
{
	struct packing *packing = arg;
	ssize_t n = packing->layer->format.chunked ? chunked_read(&packing->chunked, bytes, size)
						   : compress_read(packing->compress, bytes, size);

	TRY(n);
	digest_update(&packing->blob, bytes, (size_t)n);
	packing->size += (uint64_t)n;
	return n;
}

static int begin_packing(void *arg)
{
	struct packing *packing = arg;
	const struct upstream_layer *layer = packing->layer;

	packing_release(packing);
	packing->size = 0;
	if (layer->item != NULL)
		layer->item->bytes = 0;
	packing->fd = open_kept(packing->upstream, layer);
	TRY(packing->fd);
	TRY(digest_init(&packing->archive));
	TRY(digest_init(&packing->blob));
	chunked_reading(&packing->chunked, &packing->reading);
	if (in_cell(layer))
		TRY(inflate_open(packing->upstream->store, packing->fd,
				 layer->format.chunked ? &packing->reading : NULL,
				 &packing->inflate));
	TRY(compress_open(layer->format.format, layer->format.level, read_archive, packing,
			  &packing->compress));
	return layer->format.chunked
		       ? chunked_open(packing->compress, layer->format.level, &packing->chunked)
		       : 0;
}

/* All was read. */
static int check_archive(struct packing *packing)
{
	char digest[DIGEST_TEXT_SIZE];

	digest_final(&packing->archive, digest);
	if (strcmp(digest, packing->layer->diff_id) == 0)
		return 0;
	return refuse_with(EBADMSG,
			   "the archive in the blob %s has the digest %s, and not that of the "
			   "layer, %s",
			   packing->layer->digest, digest, packing->layer->diff_id);
}

static int finish_packing(struct registry_upload *upload)
{
	struct packing *packing = upload->arg;

	TRY(check_archive(packing));
	digest_final(&packing->blob, upload->digest);
	return 0;
}

static char *note_path(const struct upstream_layer *layer)
{
	return xasprintf("layers/%s.%s%s-%d", digest_hex(layer->diff_id),
			 compression_name(layer->format.format),
			 layer->format.chunked ? ":chunked" : "", layer->format.level);
}

static int parse_note(const struct upstream_layer *layer, const char *text,
		      struct rewrite_layer *made)
{
	AUTO(strvec) words = STRVEC_INIT;

	strvec_split(&words, text, ' ');
	if ((words.n != 2 && (words.n != 5 || !layer->format.chunked)) ||
	    !digest_is_valid(words.v[0]))
		return -EINVAL;
	TRY(units_parse_u64(words.v[1], INT64_MAX, &made->size));
	memcpy(made->digest, words.v[0], DIGEST_TEXT_SIZE);
	if (words.n == 2)
		return 0;
	if (!digest_is_valid(words.v[2]))
		return -EINVAL;
	TRY(chunked_parse_place(words.v[3], &made->toc.table));
	TRY(chunked_parse_place(words.v[4], &made->toc.split));
	memcpy(made->toc.digest, words.v[2], DIGEST_TEXT_SIZE);
	return 0;
}

/* 1 and what was made of the layer before. Whatever stands there, the registry is asked for it. */
static int recall(const struct upstream *upstream, const struct upstream_layer *layer,
		  struct rewrite_layer *ret_layer)
{
	autofree char *path = note_path(layer);
	struct rewrite_layer made = *ret_layer;
	char text[NOTE_SIZE];
	ssize_t len = readlinkat(upstream->store->fd, path, text, sizeof(text) - 1);

	if (len < 0)
		return 0;
	text[len] = '\0';
	if (parse_note(layer, text, &made) < 0) {
		err_clear();
		return 0;
	}
	*ret_layer = made;
	return 1;
}

static void note(const struct upstream *upstream, const struct upstream_layer *layer,
		 const struct rewrite_layer *made)
{
	autofree char *path = note_path(layer);
	AUTO(buf) text = BUF_INIT;

	buf_addf(&text, "%s %llu", made->digest, (unsigned long long)made->size);
	if (made->toc.digest[0] != '\0') {
		buf_addf(&text, " %s ", made->toc.digest);
		chunked_print_place(&text, &made->toc.table);
		buf_add_char(&text, ' ');
		chunked_print_place(&text, &made->toc.split);
	}
	unlinkat(upstream->store->fd, path, 0);
	(void)!symlinkat(text.data, upstream->store->fd, path);
}

static int send_packed(const struct upstream *upstream, const struct upstream_layer *layer,
		       struct rewrite_layer *made)
{
	AUTO(packing)
	packing = { .upstream = upstream,
		    .layer = layer,
		    .fd = -1,
		    .inflate = INFLATE_INIT,
		    .chunked = CHUNKED_INIT };
	struct registry_upload upload = { .source = read_packed,
					  .arg = &packing,
					  .size = UINT64_MAX,
					  .finish = finish_packing,
					  .rewind = begin_packing };

	TRY(begin_packing(&packing));
	TRY(registry_put_blob(upstream->registry, &upload));
	memcpy(made->digest, upload.digest, DIGEST_TEXT_SIZE);
	made->size = packing.size;
	made->toc = packing.chunked.toc;
	note(upstream, layer, made);
	return 0;
}

/* 1: the registry had it. */
static int pack(const struct upstream *upstream, const struct upstream_layer *layer,
		struct rewrite_layer *made)
{
	made->compression = layer->format.format;
	if (recall(upstream, layer, made) == 1) {
		int there = is_there(upstream, made->digest);

		if (there != 0)
			return there;
	}
	return send_packed(upstream, layer, made);
}

/* --------------------------------------------------------------------------------------------- */

/* That a blob is of a layer, its manifest says; here another manifest names that layer. */
static int verify_substitute(const struct upstream *upstream, const struct upstream_layer *layer)
{
	AUTO(packing)
	packing = { .upstream = upstream,
		    .layer = layer,
		    .fd = -1,
		    .inflate = INFLATE_INIT,
		    .chunked = CHUNKED_INIT };
	autofree unsigned char *bytes = xalloc(STREAM_CHUNK);
	ssize_t n;

	packing.fd = open_kept(upstream, layer);
	TRY(packing.fd);
	TRY(digest_init(&packing.archive));
	TRY(inflate_open(upstream->store, packing.fd, NULL, &packing.inflate));
	do
		n = read_archive(&packing, bytes, STREAM_CHUNK);
	while (n > 0);
	TRY(n);
	return check_archive(&packing);
}

/* 1: nothing was sent. */
static int send_layer(const struct upstream *upstream, const struct upstream_layer *layer,
		      struct rewrite_layer *made)
{
	const char *digest = layer->way == UPSTREAM_AS_IS ? layer->digest : layer->wanted->digest;
	int there;

	memcpy(made->digest, digest, DIGEST_TEXT_SIZE);
	made->size = layer->way == UPSTREAM_AS_IS ? layer->size : layer->wanted->size;
	made->compression = layer->kept;
	if (layer->way == UPSTREAM_PACK)
		return pack(upstream, layer, made);
	if (layer->way != UPSTREAM_AS_IS)
		return 1;
	if (layer->substitute)
		TRY(verify_substitute(upstream, layer));
	there = is_there(upstream, digest);
	return there != 0 ? there : send_as_it_is(upstream, layer);
}

int upstream_layer(const struct upstream *upstream, const struct upstream_layer *layer,
		   struct rewrite_layer *ret_layer)
{
	struct rewrite_layer made = { 0 };
	int rc;

	set_state(layer, PROGRESS_SENDING);
	rc = send_layer(upstream, layer, &made);
	set_state(layer, rc < 0 ? PROGRESS_FAILED : rc == 1 ? PROGRESS_SHARED : PROGRESS_DONE);
	if (rc < 0)
		return fail_in(rc, "layer %s", layer->diff_id);
	made.changed = strcmp(made.digest, layer->wanted->digest) != 0 ||
		       (made.toc.digest[0] != '\0' && !layer->wanted->chunked);
	*ret_layer = made;
	return 0;
}

/* --- documents ------------------------------------------------------------------------------- */

struct text {
	const struct buf *buf;
	size_t at;
};

static ssize_t read_text(void *arg, void *bytes, size_t size)
{
	struct text *text = arg;
	size_t n = text->buf->len - text->at;

	n = n < size ? n : size;
	memcpy(bytes, text->buf->data + text->at, n);
	text->at += n;
	return (ssize_t)n;
}

static int rewind_text(void *arg)
{
	struct text *text = arg;

	text->at = 0;
	return 0;
}

int upstream_document(const struct upstream *upstream, const char *digest, const struct buf *text)
{
	struct text source = { .buf = text };
	struct registry_upload upload = {
		.source = read_text, .arg = &source, .size = text->len, .rewind = rewind_text
	};
	int there = is_there(upstream, digest);

	if (there != 0)
		return there < 0 ? there : 0;
	memcpy(upload.digest, digest, DIGEST_TEXT_SIZE);
	return registry_put_blob(upstream->registry, &upload);
}
